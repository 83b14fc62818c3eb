"""Writes compressors/packing/preset.bin, which both sides of the packed file's text coder are taught by.

It was run once: the file is part of the format of version 1 (docs/nbz.md gives its SHA-256), and another one would be
another version. What it holds is what ONNX files say again and again, as NetBonsai's builder and torch's exporter
write it: operators with their attributes, names of layers, types and shapes.
"""

from pathlib import Path

from onnx import ModelProto, TensorProto, helper

OUT = Path(__file__).parents[1] / "compressors" / "packing" / "preset.bin"
RECIPE = (
    '{"resize":null,"crop":null,"colour":"rgb","scale":0.00392156862745098,"mean":[0.485,0.456,0.406],'
    '"std":[0.229,0.224,0.225],"layout":"NCHW","classes":["0","1","2","3","4","5","6","7","8","9"],"source":"zoo"}'
)


def info(name: str, *shape: int | str):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def weight(name: str, *shape: int) -> TensorProto:
    """A tensor that was left out: type, name and shape."""
    return TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)


def conv(inputs: list[str], output: str, name: str, kernel: int, pad: int, stride: int):
    return helper.make_node(
        "Conv", inputs, [output], name, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4,
        dilations=[1, 1], group=1,
    )  # fmt: skip


def ours() -> ModelProto:
    """As `profiler.builder` names and orders things."""
    nodes = [
        conv(["input", "conv1.weight", "conv1.bias"], "conv1_out", "conv1", 7, 3, 2),
        helper.make_node("Relu", ["conv1_out"], ["relu1_out"], "relu1"),
        helper.make_node("LRN", ["relu1_out"], ["norm1_out"], "norm1", size=5, alpha=1e-4, beta=0.75, bias=1.0),
        helper.make_node(
            "BatchNormalization", ["conv2_out", "bn2.weight", "bn2.bias", "bn2.running_mean", "bn2.running_var"],
            ["bn2_out"], "bn2", epsilon=1e-5, momentum=0.9,
        ),
        helper.make_node("Clip", ["bn2_out", "zero", "six"], ["relu6_out"], "relu6"),
        helper.make_node("Concat", ["relu2_out", "relu3_out"], ["concat_out"], "concat", axis=1),
        helper.make_node("Add", ["relu3_out", "bn3_out"], ["add_out"], "add"),
        helper.make_node(
            "AveragePool", ["add_out"], ["pool5_out"], "pool5", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
            ceil_mode=0, count_include_pad=1,
        ),
        helper.make_node("GlobalAveragePool", ["pool5_out"], ["gap_out"], "gap"),
        conv(["relu1_out", "conv2.weight", "conv2.bias"], "conv2_out", "conv2", 3, 1, 1),
        helper.make_node(
            "MaxPool", ["conv2_out"], ["pool2_out"], "pool2", kernel_shape=[2, 2], strides=[2, 2], pads=[0] * 4,
            ceil_mode=0,
        ),
        helper.make_node("Flatten", ["pool2_out"], ["flatten_out"], "flatten", axis=1),
        helper.make_node("Gemm", ["flatten_out", "fc1.weight", "fc1.bias"], ["fc1_out"], "fc1", transB=1),
        helper.make_node("Dropout", ["relu3_out"], ["drop1_out"], "drop1"),
        helper.make_node("Gemm", ["drop1_out", "fc2.weight", "fc2.bias"], ["fc2_out"], "fc2", transB=1),
        helper.make_node("Softmax", ["fc2_out"], ["prob_out"], "prob", axis=1),
    ]  # fmt: skip
    weights = [
        weight("conv1.weight", 64, 3, 7, 7), weight("conv1.bias", 64), weight("conv2.weight", 128, 64, 3, 3),
        weight("conv2.bias", 128), weight("fc1.weight", 256, 2048), weight("fc1.bias", 256), weight("fc2.bias", 10),
    ]  # fmt: skip
    between = [info("conv1_out", "N", 64, 112, 112), info("pool2_out", "N", 128, 56, 56), info("fc2_out", "N", 10)]
    graph = helper.make_graph(
        nodes, "network", [info("input", "N", 3, 224, 224)], [info("prob_out", "N", 1000)], weights, value_info=between
    )
    made = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, producer_name="netbonsai", opset_imports=made, ir_version=8)
    helper.set_model_props(model, {"netbonsai.input_recipe": RECIPE})
    return model


def torchs() -> ModelProto:
    """As torch.onnx.export names things."""
    first = "/layer1/layer1.0/conv1/Conv_output_0"
    nodes = [
        conv(["x", "layer1.0.conv1.weight", "layer1.0.conv1.bias"], first, "/layer1/layer1.0/conv1/Conv", 3, 1, 1),
        helper.make_node("Relu", [first], ["/features/features.1/Relu_output_0"], "/features/features.1/Relu"),
        helper.make_node("Gemm", ["/Flatten_output_0", "classifier.6.weight", "classifier.6.bias"], ["output"],
                         "/classifier/classifier.6/Gemm", alpha=1.0, beta=1.0, transB=1),
        helper.make_node("Constant", [], ["/Constant_output_0"], "/Constant"),
        helper.make_node("Reshape", ["/Concat_output_0", "onnx::Reshape_12"], ["/Reshape_output_0"], "/Reshape",
                         allowzero=0),
        helper.make_node("Transpose", ["val_0"], ["val_1"], "node_transpose", perm=[0, 2, 1]),
        helper.make_node("MatMul", ["val_1", "onnx::MatMul_301"], ["val_2"], "node_MatMul_3"),
        helper.make_node("Mul", ["val_2", "sigmoid"], ["mul_1"], "node_mul_1"),
        helper.make_node("Sigmoid", ["mul_1"], ["sigmoid"], "node_sigmoid"),
    ]  # fmt: skip
    weights = [weight("onnx::Conv_193", 64), weight("layer1.0.bn1.running_mean", 64), weight("num_batches_tracked")]
    graph = helper.make_graph(
        nodes, "main_graph", [info("input", "batch", 3, 32, 32)], [info("output", "batch", 10)], weights
    )
    made = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, producer_name="pytorch", producer_version="2.5.0", opset_imports=made, ir_version=8)


def main() -> None:
    # What stands last is remembered best.
    OUT.write_bytes(torchs().SerializeToString(deterministic=True) + ours().SerializeToString(deterministic=True))
    print(OUT, OUT.stat().st_size)


if __name__ == "__main__":
    main()
