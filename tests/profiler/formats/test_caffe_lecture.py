"""The lecture's seven networks as they were published for Caffe, layer by layer against what was worked out by hand."""

import json

import pytest

from profiler.breakdown import breakdown
from profiler.formats.caffe import random_weights, read_caffe


class Prototxt:
    """Writes layers one behind the other."""

    def __init__(self, size: int) -> None:
        self.text = f'name: "net"\ninput: "data"\ninput_dim: 10 input_dim: 3 input_dim: {size} input_dim: {size}\n'
        self.top = "data"

    def layer(self, kind: str, name: str, settings: str = "", *, bottoms: tuple[str, ...] = (), top: str = "") -> str:
        reads = " ".join(f'bottom: "{bottom}"' for bottom in bottoms or (self.top,))
        self.top = top or name
        self.text += f'layer {{ name: "{name}" type: "{kind}" {reads} top: "{self.top}" {settings} }}\n'
        return self.top

    def conv(self, name, filters, kernel, stride=1, pad=0, group=1, *, bottoms=()):
        settings = f"num_output: {filters} kernel_size: {kernel} stride: {stride} pad: {pad} group: {group}"
        self.layer("Convolution", name, f"convolution_param {{ {settings} }}", bottoms=bottoms)
        return self.layer("ReLU", f"relu_{name}", top=self.top)

    def pool(self, name, kernel, stride, pad=0, how="MAX", *, bottoms=()):
        settings = f"pool: {how} kernel_size: {kernel} stride: {stride} pad: {pad}"
        return self.layer("Pooling", name, f"pooling_param {{ {settings} }}", bottoms=bottoms)

    def norm(self, name):
        return self.layer("LRN", name, "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")

    def fc(self, *names):
        for name in names[:-1]:
            self.layer("InnerProduct", name, "inner_product_param { num_output: 4096 }")
            self.layer("ReLU", f"relu_{name}", top=name)
            self.layer("Dropout", f"drop_{name}", "dropout_param { dropout_ratio: 0.5 }", top=name)
        self.layer("InnerProduct", names[-1], "inner_product_param { num_output: 1000 }")
        self.layer("Softmax", "prob")
        return self.text


def alexnet():
    p = Prototxt(227)
    p.conv("conv1", 96, 11, 4)
    p.norm("norm1")
    p.pool("pool1", 3, 2)
    p.conv("conv2", 256, 5, 1, 2, 2)
    p.norm("norm2")
    p.pool("pool2", 3, 2)
    p.conv("conv3", 384, 3, 1, 1)
    p.conv("conv4", 384, 3, 1, 1, 2)
    p.conv("conv5", 256, 3, 1, 1, 2)
    p.pool("pool5", 3, 2)
    return p.fc("fc6", "fc7", "fc8")


def vgg_cnn(first, pool1, second, pool2, filters, pool5):
    """VGG-F, -M and -S: Chatfield et al. 2014, table 1."""
    p = Prototxt(224)
    p.conv("conv1", *first)
    p.norm("norm1")
    p.pool("pool1", *pool1)
    p.conv("conv2", *second)
    p.pool("pool2", *pool2)
    for name in ("conv3", "conv4", "conv5"):
        p.conv(name, filters, 3, 1, 1)
    p.pool("pool5", *pool5)
    return p.fc("fc6", "fc7", "fc8")


def vgg_deep(*blocks):
    """VGG-16 and -19: Simonyan and Zisserman 2015, table 1."""
    p = Prototxt(224)
    for number, (filters, times) in enumerate(zip((64, 128, 256, 512, 512), blocks, strict=True), 1):
        for time in range(1, times + 1):
            p.conv(f"conv{number}_{time}", filters, 3, 1, 1)
        p.pool(f"pool{number}", 2, 2)
    return p.fc("fc6", "fc7", "fc8")


# Szegedy et al. 2015, table 1: 1×1, 3×3 reduced, 3×3, 5×5 reduced, 5×5, projection behind the pool
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet():
    p = Prototxt(224)
    p.conv("conv1/7x7_s2", 64, 7, 2, 3)
    p.pool("pool1/3x3_s2", 3, 2)
    p.norm("pool1/norm1")
    p.conv("conv2/3x3_reduce", 64, 1)
    p.conv("conv2/3x3", 192, 3, 1, 1)
    p.norm("conv2/norm2")
    p.pool("pool2/3x3_s2", 3, 2)
    for block, (one, reduce3, three, reduce5, five, project) in INCEPTIONS.items():
        x, name = p.top, f"inception_{block}"
        p.conv(f"{name}/3x3_reduce", reduce3, 1, bottoms=(x,))
        b = p.conv(f"{name}/3x3", three, 3, 1, 1)
        p.conv(f"{name}/5x5_reduce", reduce5, 1, bottoms=(x,))
        c = p.conv(f"{name}/5x5", five, 5, 1, 2)
        p.pool(f"{name}/pool", 3, 1, 1, bottoms=(x,))
        d = p.conv(f"{name}/pool_proj", project, 1)
        a = p.conv(f"{name}/1x1", one, 1, bottoms=(x,))
        p.layer("Concat", f"{name}/output", bottoms=(a, b, c, d))
        if block in ("3b", "4e"):
            p.pool(f"pool{int(block[0])}/3x3_s2", 3, 2)
    p.pool("pool5/7x7_s1", 7, 1, 0, "AVE")
    p.layer("Dropout", "pool5/drop_7x7_s1", "dropout_param { dropout_ratio: 0.4 }", top=p.top)
    p.layer("InnerProduct", "loss3/classifier", "inner_product_param { num_output: 1000 }")
    p.layer("Softmax", "prob")
    return p.text


NETWORKS = {
    "AlexNet": alexnet(),
    "VGG-F": vgg_cnn((64, 11, 4), (3, 2), (256, 5, 1, 2), (3, 2), 256, (3, 2)),
    "VGG-M": vgg_cnn((96, 7, 2), (3, 2), (256, 5, 2, 1), (3, 2), 512, (3, 2)),
    "VGG-S": vgg_cnn((96, 7, 2), (3, 3), (256, 5), (2, 2), 512, (3, 3)),
    "VGG-16": vgg_deep(2, 2, 3, 3, 3),
    "VGG-19": vgg_deep(2, 2, 4, 4, 4),
    "GoogLeNet": googlenet(),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer(name, shared, caffe):
    reference = json.loads((shared / "reference" / "caffe_zoo_layers.json").read_text())[name]
    network = read_caffe(caffe(NETWORKS[name]))
    counted = breakdown(network)
    layers = {layer.name: layer for layer in counted.layers}
    for row in reference["rows"]:
        layer = layers[row["name"]]
        kind = row["type"] if row["type"] != "pool" else "other"
        assert layer.kind == kind, row
        if row["type"] == "fc":
            assert layer.weight_shape == (row["out_features"], row["in_features"])
            assert layer.output_shape == (1, row["out_features"])
        else:
            channels = row["out_c"] if kind == "conv" else row["channels"]
            assert layer.output_shape == (1, channels, row["out_hw"], row["out_hw"]), row
            assert layer.geometry["kernel"] == (row["kernel"],) * 2
            assert layer.geometry["strides"] == (row["stride"],) * 2
            assert layer.geometry["pads"] == (row["pad"],) * 4
        if row["type"] != "pool":
            assert (layer.params, layer.macs) == (row["weights"] + row["bias"], row["macs"]), row
    weighted = [layer.name for layer in counted.layers if layer.kind != "other"]
    assert sorted(weighted) == sorted(row["name"] for row in reference["rows"] if row["type"] != "pool")
    assert set(random_weights(network)) == set(weighted)
    totals, summary = counted.totals(), reference["summary"]
    assert (totals.params, totals.macs) == (summary["params"], summary["macs"])
    assert totals.macs + totals.bias_adds == summary["ops_with_bias"]


def test_the_names_are_caffes(caffe):
    network = read_caffe(caffe(NETWORKS["AlexNet"]))
    assert network.inputs == {"data": ("N", 3, 227, 227)}
    assert [node.name for node in network.model.graph][:5] == ["conv1", "relu_conv1", "norm1", "pool1", "conv2"]
    assert [value.name for value in network.model.graph.outputs] == ["prob"]
    assert network.weights()["conv2.weight"][0] == (256, 48, 5, 5)
    assert network.weights()["fc6.bias"][0] == (4096,)
    assert (network.opset, network.model.ir_version) == (13, 8)
