"""A network as Caffe's prototxt, to be timed by `caffe time`: the structure and no weights, as it fills them itself.

How long a dense layer takes does not depend on its numbers, so that random ones tell the truth about time (and nothing
about anything else). Layers keep their names. A BatchNormalization becomes Caffe's two layers, NAME and NAME/scale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx_ir as ir

from profiler import shapes
from profiler.errors import BadInput
from profiler.formats.onnx import read_onnx

BATCH = "# batch"  # behind the size that the agent sets, on the device
ACTIVATIONS = {"Relu": "ReLU", "LeakyRelu": "ReLU", "Sigmoid": "Sigmoid", "Tanh": "TanH", "Elu": "ELU", "Abs": "AbsVal"}
SUMS = {"Add": "SUM", "Sum": "SUM", "Mul": "PROD", "Max": "MAX"}

Settings = Sequence[tuple[str, Any]]
Layers = list["Layer"]


class NotInCaffe(Exception):
    """Says why a node has no counterpart: the end of the sentence “it …”."""


class Layer:
    """One layer of Caffe's: its type, what it reads, and its settings, in the name of `param` where it has any."""

    def __init__(
        self, kind: str, inputs: Sequence[str], param: str = "", settings: Settings = (), suffix: str = ""
    ) -> None:
        self.kind, self.inputs, self.param, self.settings, self.suffix = kind, inputs, param, settings, suffix

    def text(self, name: str, bottoms: Sequence[str], top: str) -> str:
        lines = [f"  name: {_quoted(name)}", f'  type: "{self.kind}"']
        lines += [f"  bottom: {_quoted(bottom)}" for bottom in bottoms] + [f"  top: {_quoted(top)}"]
        if self.param:
            lines.append(f"  {self.param} {{ {' '.join(f'{key}: {value}' for key, value in self.settings)} }}")
        return "layer {\n" + "\n".join(lines) + "\n}\n"


def prototxt(path: Path) -> str:
    """The structure of the ONNX network at `path`. Raises BadInput naming the first layer that Caffe does not have."""
    model = read_onnx(path).edit()
    inputs, symbols = shapes.batch_of_one(model)
    for value in shapes.real_inputs(model):
        if value.name in inputs:
            value.shape = ir.Shape(list(inputs[value.name]))
    shapes.bind(model, symbols)
    shapes.infer(model)
    shapes.lift_constants(model)
    parts = ['name: "netbonsai"\n']
    parts += [_input(value, path) for value in shapes.real_inputs(model)]
    blobs: dict[str, str] = {}  # a value that Caffe has no layer for → the blob that stands for it
    for node in model.graph:
        try:
            parts += _written(node, blobs)
        except NotInCaffe as problem:
            raise BadInput(
                f"Caffe cannot run “{path.name}”: its layer “{node.name}” ({node.op_type}) {problem}.",
                "",
                "Take another engine for it.",
            ) from None
    return "".join(parts)


def _input(value: ir.Value, path: Path) -> str:
    shape = shapes.known(value)
    if shape is None:
        raise BadInput(
            f"The input “{value.name}” of “{path.name}” has open sizes.", "", "Give them when the network is opened."
        )
    sizes = [f"    dim: {size}{' ' + BATCH if axis == 0 else ''}\n" for axis, size in enumerate(shape)]
    return (
        f"layer {{\n  name: {_quoted(value.name)}\n  type: \"Input\"\n  top: {_quoted(value.name)}\n"
        f"  input_param {{ shape {{\n{''.join(sizes)}  }} }}\n}}\n"
    )  # fmt: skip


def _quoted(name: str | None) -> str:
    return '"' + re.sub(r'["\\\n]', "_", name or "") + '"'


def _written(node: ir.Node, blobs: dict[str, str]) -> list[str]:
    """The node's layers, one behind the other; none for what does nothing at run time."""
    output = node.outputs[0].name or ""
    if node.op_type in ("Identity", "Dropout"):
        blobs[output] = _blob(node.inputs[0], blobs)
        return []
    make = _MAKERS.get(node.op_type)
    if make is None or node.domain not in ("", "ai.onnx"):
        raise NotInCaffe("has no counterpart there")
    layers = make(node)
    bottoms = [_blob(value, blobs) for value in node.inputs if value is not None][: len(layers[0].inputs)]
    written: list[str] = []
    for number, layer in enumerate(layers):
        top = output if number == len(layers) - 1 else f"{output}/{number}"
        written.append(layer.text((node.name or output) + layer.suffix, bottoms, top))
        bottoms = [top]
    return written


def _blob(value: ir.Value | None, blobs: Mapping[str, str]) -> str:
    name = (value.name if value is not None else "") or ""
    return blobs.get(name, name)


def _shape(value: ir.Value | None) -> tuple[int, ...]:
    found = shapes.known(value)
    if found is None:
        raise NotInCaffe("has sizes that are not known")
    return found


def _is_stored(value: ir.Value | None) -> bool:
    return value is not None and value.const_value is not None


def _reads(node: ir.Node, count: int) -> list[str]:
    """The names of its first inputs, which must be computed, not stored."""
    if any(_is_stored(value) for value in node.inputs[:count]):
        raise NotInCaffe("reads a stored value where Caffe reads none")
    return [value.name or "" for value in node.inputs[:count] if value is not None]


def _ints(node: ir.Node, name: str, default: Sequence[int]) -> list[int]:
    attribute = node.attributes.get(name)
    return list(default) if attribute is None else list(attribute.as_ints())


def _window(node: ir.Node, kernel: Sequence[int]) -> Settings:
    """How it slides over two axes. Padding must be even, and told in numbers."""
    if len(kernel) != 2:
        raise NotInCaffe(f"slides over {len(kernel)} axes, and here only two are written")
    pads = _ints(node, "pads", (0, 0, 0, 0))
    if node.attributes.get_string("auto_pad", "NOTSET") != "NOTSET" or pads[:2] != pads[2:]:
        raise NotInCaffe("is not padded evenly")
    strides = _ints(node, "strides", (1, 1))
    sides = (("kernel", kernel), ("stride", strides), ("pad", pads[:2]))
    return [(f"{name}_{axis}", size) for name, both in sides for axis, size in zip("hw", both, strict=True)]


def _convolution(node: ir.Node) -> Layers:
    weight = _shape(node.inputs[1])
    dilations = _ints(node, "dilations", (1, 1))
    settings = [("num_output", weight[0]), ("bias_term", _flag(len(node.inputs) > 2))]
    settings += [("group", node.attributes.get_int("group", 1)), *_window(node, weight[2:])]
    settings += [("dilation", size) for size in dilations] if any(size != 1 for size in dilations) else []
    return [Layer("Convolution", _reads(node, 1), "convolution_param", settings)]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _pooling(node: ir.Node) -> Layers:
    kernel, strides = _ints(node, "kernel_shape", ()), _ints(node, "strides", (1, 1))
    settings = [("pool", "MAX" if node.op_type == "MaxPool" else "AVE"), *_window(node, kernel)]
    sizes, made, pads = _shape(node.inputs[0])[2:], _shape(node.outputs[0])[2:], _ints(node, "pads", (0, 0, 0, 0))
    for size, window, stride, pad, out in zip(sizes, kernel, strides, pads, made, strict=False):
        up = -(-(size + 2 * pad - window) // stride) + 1
        up -= (up - 1) * stride >= size + pad and pad > 0  # Caffe leaves out a window that lies in the padding
        if up != out:
            raise NotInCaffe(f"makes {out} places of {size}, where Caffe, which rounds up, makes {up}")
    return [Layer("Pooling", _reads(node, 1), "pooling_param", settings)]


def _global_pooling(node: ir.Node) -> Layers:
    kind = "MAX" if node.op_type == "GlobalMaxPool" else "AVE"
    return [Layer("Pooling", _reads(node, 1), "pooling_param", [("pool", kind), ("global_pooling", "true")])]


def _inner_product(node: ir.Node) -> Layers:
    """A Gemm, or a product with a stored matrix."""
    if not _is_stored(node.inputs[1]) or node.attributes.get_int("transA", 0):
        raise NotInCaffe("multiplies two computed matrices")
    matrix = _shape(node.inputs[1])
    across = node.op_type == "Gemm" and node.attributes.get_int("transB", 0)
    outputs = matrix[0] if across else matrix[-1]
    axis = len(_shape(node.inputs[0])) - 1
    settings = [("num_output", outputs), ("bias_term", _flag(len(node.inputs) > 2)), ("axis", axis)]
    return [Layer("InnerProduct", _reads(node, 1), "inner_product_param", settings)]


def _activation(node: ir.Node) -> Layers:
    slope = node.attributes.get_float("alpha", 0.01)
    settings = [("negative_slope", slope)] if node.op_type == "LeakyRelu" else []
    return [Layer(ACTIVATIONS[node.op_type], _reads(node, 1), "relu_param" if settings else "", settings)]


def _eltwise(node: ir.Node) -> Layers:
    wanted = {_shape(value) for value in node.inputs}
    if len(wanted) > 1:
        raise NotInCaffe("stretches one of its inputs")
    settings = [("operation", SUMS[node.op_type])]
    return [Layer("Eltwise", _reads(node, len(node.inputs)), "eltwise_param", settings)]


def _concat(node: ir.Node) -> Layers:
    axis = node.attributes.get_int("axis", 1)
    return [Layer("Concat", _reads(node, len(node.inputs)), "concat_param", [("axis", axis)])]


def _softmax(node: ir.Node) -> Layers:
    axis = node.attributes.get_int("axis", -1)
    return [Layer("Softmax", _reads(node, 1), "softmax_param", [("axis", axis)])]


def _flatten(node: ir.Node) -> Layers:
    """Also a Reshape that keeps the batch and makes one row of the rest."""
    if len(_shape(node.outputs[0])) != 2 or _shape(node.inputs[0])[0] != _shape(node.outputs[0])[0]:
        raise NotInCaffe("does more than make one row of each picture")
    return [Layer("Flatten", _reads(node, 1))]


def _response_norm(node: ir.Node) -> Layers:
    settings = [
        ("local_size", node.attributes.get_int("size", 5)),
        ("alpha", node.attributes.get_float("alpha", 1e-4)),
        ("beta", node.attributes.get_float("beta", 0.75)),
        ("k", node.attributes.get_float("bias", 1.0)),
    ]
    return [Layer("LRN", _reads(node, 1), "lrn_param", settings)]


def _batch_norm(node: ir.Node) -> Layers:
    normed = Layer("BatchNorm", _reads(node, 1), "batch_norm_param", [("use_global_stats", "true")])
    return [normed, Layer("Scale", [""], "scale_param", [("bias_term", "true")], "/scale")]


_MAKERS: Mapping[str, Callable[[ir.Node], Layers]] = {
    "Conv": _convolution,
    "MaxPool": _pooling,
    "AveragePool": _pooling,
    "GlobalAveragePool": _global_pooling,
    "GlobalMaxPool": _global_pooling,
    "Gemm": _inner_product,
    "MatMul": _inner_product,
    **dict.fromkeys(ACTIVATIONS, _activation),
    **dict.fromkeys(SUMS, _eltwise),
    "Concat": _concat,
    "Softmax": _softmax,
    "Flatten": _flatten,
    "Reshape": _flatten,
    "LRN": _response_norm,
    "BatchNormalization": _batch_norm,
}
