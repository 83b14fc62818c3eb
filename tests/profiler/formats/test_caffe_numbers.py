"""What a network read from Caffe computes, against OpenCV's own reader of Caffe files and against plain definitions.

OpenCV keeps Caffe's rules, with two slips that these tests leave out: it knows neither LRN's k nor InnerProduct's
`transpose`.
"""

import math

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from profiler.errors import BadInput
from profiler.formats.caffe import read_caffe
from profiler.network import save

RNG = np.random.default_rng(1)
SHAPE = (2, 6, 5, 7)
DIMS = "dim: 2 dim: 6 dim: 5 dim: 7"


def random(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def layer(kind, settings="", *, bottom="data", top="y", name="y"):
    bottoms = " ".join(f'bottom: "{blob}"' for blob in bottom.split())
    tops = " ".join(f'top: "{blob}"' for blob in top.split())
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} {tops} {settings} }}\n'


def ours(path, x):
    """By ONNX Runtime, from the file that we write."""
    written = path.with_suffix(".onnx")
    network = read_caffe(path)
    save(network, written)
    onnx.checker.check_model(str(written), full_check=True)
    session = ort.InferenceSession(str(written), providers=["CPUExecutionProvider"])
    assert [value.shape for value in session.get_inputs()] == [["N", *x.shape[1:]]]
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, {"data": x}), strict=True))


def opencvs(path, x, names):
    cv2 = pytest.importorskip("cv2")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("OpenCV 5 reads no Caffe files")
    weights = path.with_suffix(".caffemodel")
    network = cv2.dnn.readNetFromCaffe(str(path), *([str(weights)] if weights.exists() else []))
    network.setInput(x, "data")
    return dict(zip(names, network.forward(list(names)), strict=True))


def close(a, b):
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


BOTH = layer("ReLU", bottom="data", top="a", name="a") + layer("TanH", bottom="data", top="b", name="b")
CASES = {
    "convolution": (
        layer(
            "Convolution",
            "convolution_param { num_output: 4 kernel_size: 3 kernel_size: 2 pad: 1 pad: 2 stride: 2 stride: 1"
            " dilation: 1 dilation: 2 group: 2 }",
        ),
        {"y": [random(4, 3, 3, 2), random(4)]},
    ),
    "convolution, height and width apart": (
        layer(
            "Convolution",
            "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 1 pad_h: 1 pad_w: 0 stride_h: 2 stride_w: 3"
            " bias_term: false weight_filler { type: 'xavier' } engine: CAFFE }",
        ),
        {"y": [random(4, 6, 3, 1)]},
    ),
    "depthwise": (
        layer("ConvolutionDepthwise", "convolution_param { num_output: 6 kernel_size: 3 }"),
        {"y": [random(6, 1, 3, 3), random(6)]},
    ),
    "deconvolution": (
        layer("Deconvolution", "convolution_param { num_output: 4 kernel_size: 4 pad: 1 stride: 2 group: 2 }"),
        {"y": [random(6, 2, 4, 4), random(4)]},
    ),
    "inner product": (
        layer("InnerProduct", "inner_product_param { num_output: 5 }"),
        {"y": [random(5, 210), random(5)]},
    ),
    "inner product, axis 2": (
        layer("InnerProduct", "inner_product_param { num_output: 5 axis: 2 bias_term: true }"),
        {"y": [random(5, 35), random(5)]},
    ),
    "leaky": (layer("ReLU", "relu_param { negative_slope: 0.1 }"), {}),
    "slopes": (layer("PReLU"), {"y": [random(6)]}),
    "one slope": (layer("PReLU", "prelu_param { channel_shared: true }"), {"y": [random(1)]}),
    "elu": (layer("ELU", "elu_param { alpha: 0.5 }"), {}),
    "sigmoid": (layer("Sigmoid"), {}),
    "tanh": (layer("TanH"), {}),
    "absolute": (layer("AbsVal"), {}),
    "softplus": (layer("BNLL"), {}),
    "across": (layer("LRN", "lrn_param { local_size: 3 alpha: 0.5 beta: 0.7 }"), {}),
    "within": (layer("LRN", "lrn_param { local_size: 3 alpha: 0.5 beta: 0.7 norm_region: WITHIN_CHANNEL }"), {}),
    "power": (layer("Power", "power_param { power: 2 scale: 0.5 shift: 1 }"), {}),
    "softmax": (layer("Softmax"), {}),
    "softmax along the height": (layer("Softmax", "softmax_param { axis: 2 }"), {}),
    "batch norm": (
        layer("BatchNorm", "batch_norm_param { eps: 0.001 use_global_stats: true }"),
        {"y": [random(6), abs(random(6)), np.array([4.0])]},
    ),
    "batch norm and scale": (
        layer("BatchNorm", top="a", name="a") + layer("Scale", "scale_param { bias_term: true }", bottom="a"),
        {"a": [random(6), abs(random(6)), np.array([1.0])], "y": [random(6), random(6)]},
    ),
    "scale": (layer("Scale", "scale_param { bias_term: true }"), {"y": [random(6), random(6)]}),
    "scale by another blob": (
        layer("Pooling", "pooling_param { pool: AVE global_pooling: true }", top="a", name="a")
        + layer("Flatten", bottom="a", top="b", name="b")
        + layer("Scale", "scale_param { axis: 0 }", bottom="data b"),
        {},
    ),
    "weighed sum": (BOTH + layer("Eltwise", "eltwise_param { coeff: 0.5 coeff: -2 }", bottom="a b"), {}),
    "difference": (BOTH + layer("Eltwise", "eltwise_param { coeff: 1 coeff: -1 }", bottom="a b"), {}),
    "sum of three": (BOTH + layer("Eltwise", bottom="data a b"), {}),
    "product": (BOTH + layer("Eltwise", "eltwise_param { operation: PROD }", bottom="data a b"), {}),
    "largest": (BOTH + layer("Eltwise", "eltwise_param { operation: MAX }", bottom="data a b"), {}),
    "slices": (
        layer("Slice", "slice_param { slice_point: 1 slice_point: 3 }", top="a b c", name="s")
        + layer("Concat", bottom="c a b"),
        {},
    ),
    "equal slices": (layer("Slice", top="a b c", name="s") + layer("Eltwise", bottom="a b c"), {}),
    "split": (
        layer("Split", top="a b", name="s")
        + layer("ReLU", bottom="a", top="c", name="r")
        + layer("Concat", "concat_param { axis: 2 }", bottom="b c"),
        {},
    ),
    "reshape": (layer("Reshape", "reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 7 } }"), {}),
    "reshape of two axes": (layer("Reshape", "reshape_param { shape { dim: 2 dim: -1 } axis: 1 num_axes: 2 }"), {}),
    "flatten": (layer("Flatten"), {}),
    "flatten of two axes": (layer("Flatten", "flatten_param { axis: 1 end_axis: 2 }"), {}),
    "crop": (
        layer("Pooling", "pooling_param { kernel_size: 3 }", top="a", name="a")
        + layer("Crop", "crop_param { offset: 1 offset: 2 }", bottom="data a"),
        {},
    ),
    "permute": (layer("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"), {}),
    "dropout": (layer("Dropout", top="a", name="a") + layer("ReLU", bottom="a"), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_against_opencv(name, caffe):
    text, weights = CASES[name]
    path, x = caffe(text, DIMS, **weights), random(*SHAPE)
    found = ours(path, x)
    assert list(found) == ["y"]
    close(found["y"], opencvs(path, x, ["y"])["y"])


@pytest.mark.parametrize("form", ["new", "old", "double"])
def test_a_network_in_each_form(form, caffe):
    """Convolution, pooling, normalisation and two full layers, in place where Caffe does it."""
    lines = [
        layer("Convolution", "convolution_param { num_output: 8 kernel_size: 3 pad: 1 }", top="conv1", name="conv1"),
        layer("ReLU", bottom="conv1", top="conv1", name="relu1"),
        layer("LRN", "lrn_param { alpha: 0.1 }", bottom="conv1", top="norm1", name="norm1"),
        layer("Pooling", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }", bottom="norm1", top="p", name="p"),
        layer("InnerProduct", "inner_product_param { num_output: 9 }", bottom="p", top="fc2", name="fc2"),
        layer("ReLU", bottom="fc2", top="fc2", name="relu2"),
        layer("Dropout", bottom="fc2", top="fc2", name="drop2"),
        layer("InnerProduct", "inner_product_param { num_output: 4 }", bottom="fc2", top="fc3", name="fc3"),
        layer("Softmax", bottom="fc3", top="prob", name="prob"),
    ]
    text = "".join(lines)
    if form == "old":
        for new in ("Convolution", "InnerProduct", "ReLU", "LRN", "Pooling", "Dropout", "Softmax"):
            old = {"InnerProduct": "INNER_PRODUCT"}.get(new, new.upper())
            text = text.replace(f'type: "{new}"', f"type: {old} blobs_lr: 1 blobs_lr: 2")
        text = text.replace("layer {", "layers {")
    weights = {
        "conv1": [random(8, 6, 3, 3) / 7, random(8)],
        "fc2": [random(9, 48) / 7, random(9)],
        "fc3": [random(4, 9) / 3, random(4)],
    }
    path, x = caffe(text, DIMS, form=form, **weights), random(*SHAPE)
    found = ours(path, x)
    assert list(found) == ["prob"]
    np.testing.assert_array_equal(read_caffe(path).weight("fc2.weight"), weights["fc2"][0])
    if form != "double":  # which OpenCV does not read
        close(found["prob"], opencvs(path, x, ["prob"])["prob"])
    else:
        close(found["prob"], ours(caffe(text, DIMS, **weights), x)["prob"])


def caffes_pooling(x, how, kernel, stride, pad):
    """Caffe's definition: sizes rounded up, windows begin inside, a mean counts the padding but nothing beyond it."""
    sizes = [math.ceil((n + 2 * pad - kernel) / stride) + 1 for n in x.shape[2:]]
    if pad:
        sizes = [o - 1 if (o - 1) * stride >= n + pad else o for o, n in zip(sizes, x.shape[2:], strict=True)]
    y = np.empty((*x.shape[:2], *sizes), np.float32)
    height, width = x.shape[2:]
    for i, j in np.ndindex(*sizes):
        top, left = i * stride - pad, j * stride - pad
        bottom, right = min(top + kernel, height + pad), min(left + kernel, width + pad)
        cut = x[:, :, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
        area = (bottom - top) * (right - left)
        y[:, :, i, j] = cut.max((2, 3)) if how == "MAX" else cut.sum((2, 3)) / area
    return y


@pytest.mark.parametrize("how", ["MAX", "AVE"])
@pytest.mark.parametrize("kernel", [2, 3, 5])
def test_pooling(how, kernel, caffe):
    """All ways in which rounding up, padding and windows that reach beyond the end meet."""
    for size in (4, 5, 6, 7):
        for stride in range(1, kernel + 1):
            for pad in range(min(kernel, 3)):
                if (size, kernel, stride, pad) == (4, 5, 1, 0):
                    continue  # the window is one larger than the picture: Caffe makes nothing of it either
                settings = f"pool: {how} kernel_size: {kernel} stride: {stride} pad: {pad}"
                dims = f"dim: 1 dim: 2 dim: {size} dim: {size + 2}"
                path, x = caffe(layer("Pooling", f"pooling_param {{ {settings} }}"), dims), random(1, 2, size, size + 2)
                close(ours(path, x)["y"], caffes_pooling(x, how, kernel, stride, pad))


@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 2, 0), (3, 2, 1), (2, 2, 1), (5, 3, 2), (3, 3, 2)])
def test_pooling_against_opencv(kernel, stride, pad, caffe):
    for how in ("MAX", "AVE"):
        settings = f"pool: {how} kernel_size: {kernel} stride: {stride} pad: {pad}"
        path, x = caffe(layer("Pooling", f"pooling_param {{ {settings} }}"), DIMS), random(*SHAPE)
        close(ours(path, x)["y"], opencvs(path, x, ["y"])["y"])


def test_pooling_rounded_down(caffe):
    path = caffe(layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }"), DIMS)
    x = random(*SHAPE)
    np.testing.assert_array_equal(ours(path, x)["y"], x[:, :, :4, :6].reshape(2, 6, 2, 2, 3, 2).max((3, 5)))


def test_a_window_that_sees_nothing_is_refused(caffe):
    path = caffe(layer("Pooling", "pooling_param { kernel_size: 1 stride: 2 }"), "dim: 1 dim: 2 dim: 4 dim: 4")
    with pytest.raises(BadInput, match=r"Layer “y” \(Pooling, line 2\): its last window lies outside the picture"):
        read_caffe(path)


def test_what_opencv_does_not_know(caffe):
    x, weight, bias = random(*SHAPE), random(210, 5), random(5)
    settings = "inner_product_param { num_output: 5 transpose: true }"
    y = ours(caffe(layer("InnerProduct", settings), DIMS, y=[weight, bias]), x)["y"]
    close(y, x.reshape(2, 210) @ weight + bias)
    y = ours(caffe(layer("LRN", "lrn_param { local_size: 1 alpha: 3 beta: 0.5 k: 2 }"), DIMS, stem="k"), x)["y"]
    close(y, x / np.sqrt(2 + 3 * x**2))
    y = ours(caffe(layer("Bias"), DIMS, stem="bias", y=[random(6) * 0 + 2]), x)["y"]
    close(y, x + 2)
    y = ours(caffe(layer("ReLU6"), DIMS, stem="six"), 9 * x)["y"]
    close(y, np.clip(9 * x, 0, 6))


def test_batch_norm_divides_by_its_factor(caffe):
    """Caffe stores sums; a factor of 0 makes both 0."""
    x, mean, variance = random(*SHAPE), random(6), abs(random(6))
    for stem, factor in (("a", 2.0), ("b", 0.0)):
        path = caffe(layer("BatchNorm"), DIMS, stem=stem, y=[mean, variance, np.array([factor])])
        over = 1 / factor if factor else 0.0
        by_channel = (1, 6, 1, 1)
        expected = (x - (mean * over).reshape(by_channel)) / np.sqrt((variance * over).reshape(by_channel) + 1e-5)
        close(ours(path, x)["y"], expected)
