"""Write a network in a few lines of Python. Weights are lazy: a network can be counted without making them.

b = Builder("tiny", (1, 28, 28))
x = b.relu("relu1", b.conv("conv1", b.input, 8, kernel=3, pad=1))
network = b.network(b.fc("fc1", b.flatten("flatten", x), 10))
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from profiler import shapes
from profiler.input_recipe import InputRecipe
from profiler.network import Network

OPSET, IR_VERSION = 13, 8  # what the oldest runtime on a TX2 loads
RELU_GAIN = 2.0  # keeps the size of what passes through a ReLU, which takes away half
KEEP_BELOW = 1 << 20  # values; larger weights are made anew each time they are asked for
FLOAT = ir.TensorType(ir.DataType.FLOAT)


class Builder:
    """A graph under construction: one float32 input, batch `N`.

    Each method adds one node named `name` and returns its output.
    """

    def __init__(self, name: str, input_shape: Sequence[int], *, input_name: str = "input", seed: int = 0) -> None:
        self.name = name
        self.seed = seed
        self.input = ir.Value(name=input_name, type=FLOAT, shape=ir.Shape(["N", *input_shape]))
        self._graph = ir.Graph([self.input], [], nodes=[], opset_imports={"": OPSET}, name=name)
        self._model = ir.Model(self._graph, ir_version=IR_VERSION, producer_name="netbonsai")
        self._settings: dict[tuple[object, ...], ir.Value] = {}

    def node(self, op: str, name: str, inputs: Sequence[ir.Value], **attributes: Any) -> ir.Value:
        """Any operator with one output, which is named `NAME_out`. Its shape is inferred at once."""
        return self._append(ir.node(op, inputs, attributes=attributes, name=name), [f"{name}_out"])[0]

    def _append(self, node: ir.Node, names: Sequence[str]) -> list[ir.Value]:
        for output, name in zip(node.outputs, names, strict=True):
            output.name, output.type = name, FLOAT
        self._graph.append(node)
        for output, shape in zip(node.outputs, self._infer(node), strict=True):
            output.shape = shape
        return list(node.outputs)

    def _infer(self, node: ir.Node) -> list[ir.Shape | None]:
        """The shapes of the node's outputs, found on a graph of this node alone."""
        inputs = [_alone(value) for value in dict.fromkeys(node.inputs) if value is not None]
        by_name = {value.name: value for value in inputs}
        read = [by_name[value.name] if value is not None else None for value in node.inputs]
        outputs = [ir.Value(name=value.name, type=FLOAT) for value in node.outputs]
        alone = ir.Node("", node.op_type, read, list(node.attributes.values()), outputs=outputs)
        known = [value for value in inputs if value.const_value is not None]
        fed = [value for value in inputs if value.const_value is None]
        graph = ir.Graph(fed, outputs, nodes=[alone], initializers=known, opset_imports={"": OPSET}, name="one")
        shapes.infer(ir.Model(graph, ir_version=IR_VERSION), strict=True)
        return [output.shape for output in outputs]

    def weight(self, name: str, shape: Sequence[int], make: Callable[[], np.ndarray]) -> ir.Value:
        """A float32 initializer whose values are made when they are first asked for."""
        size = ir.Shape(shape)
        tensor = ir.LazyTensor(
            lambda: ir.Tensor(make(), name=name),
            ir.DataType.FLOAT,
            size,
            name=name,
            cache=math.prod(shape) < KEEP_BELOW,
        )
        value = ir.Value(name=name, type=FLOAT, shape=size, const_value=tensor)
        self._graph.register_initializer(value)
        return value

    def random(self, name: str, shape: Sequence[int], fan_in: int, gain: float = RELU_GAIN) -> ir.Value:
        """Normal values of variance gain / fan_in (He et al. 2015, equation 10), drawn from the weight's name."""
        seed = zlib.crc32(name.encode()) + self.seed

        def draw() -> np.ndarray:
            values = np.random.default_rng(seed).standard_normal(tuple(shape), dtype=np.float32)
            values *= np.float32(math.sqrt(gain / fan_in))
            return values

        return self.weight(name, shape, draw)

    def constant(self, name: str, shape: Sequence[int], value: float) -> ir.Value:
        return self.weight(name, shape, lambda: np.full(tuple(shape), value, np.float32))

    def setting(self, value: float | Sequence[int]) -> ir.Value:
        """An operator's own numbers (limits, axes, paddings) in a Constant node: no weights. Equal ones share a node.

        One number is a float32 scalar, a sequence an int64 vector.
        """
        single = isinstance(value, int | float)
        values = np.array(value, np.float32 if single else np.int64)
        key = (values.dtype.str, *values.reshape(-1).tolist())
        if key not in self._settings:
            name = f"setting_{len(self._settings) + 1}"
            tensor: ir.TensorProtocol = ir.Tensor(values, name=name)
            node = ir.node("Constant", [], attributes={"value": tensor}, name=name)
            node.outputs[0].name = name
            node.outputs[0].type = ir.TensorType(ir.DataType.from_numpy(values.dtype))
            node.outputs[0].shape = ir.Shape(values.shape)
            self._graph.append(node)
            self._settings[key] = node.outputs[0]
        return self._settings[key]

    def conv(
        self,
        name: str,
        x: ir.Value,
        filters: int,
        *,
        kernel: int,
        stride: int = 1,
        pad: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        gain: float = RELU_GAIN,
    ) -> ir.Value:
        """A square two-dimensional convolution; `pad` for all sides, or as (top, left, bottom, right)."""
        channels = size_of(x, 1) // groups
        shape = (filters, channels, kernel, kernel)
        inputs = [x, self.random(f"{name}.weight", shape, channels * kernel * kernel, gain)]
        if bias:
            inputs.append(self.constant(f"{name}.bias", (filters,), 0.0))
        pads = [pad] * 4 if isinstance(pad, int) else list(pad)
        square = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": pads, "dilations": [1, 1]}
        return self.node("Conv", name, inputs, **square, group=groups)

    def fc(self, name: str, x: ir.Value, outputs: int, *, gain: float = RELU_GAIN) -> ir.Value:
        """A fully connected layer with a bias: Gemm with its weight as (outputs, inputs)."""
        inputs = size_of(x, 1)
        weight = self.random(f"{name}.weight", (outputs, inputs), inputs, gain)
        return self.node("Gemm", name, [x, weight, self.constant(f"{name}.bias", (outputs,), 0.0)], transB=1)

    def batch_norm(self, name: str, x: ir.Value, *, epsilon: float = 1e-5) -> ir.Value:
        """Batch normalisation that changes nothing yet: scale 1, shift 0, running mean 0 and variance 1."""
        start = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
        stored = [self.constant(f"{name}.{part}", (size_of(x, 1),), value) for part, value in start.items()]
        return self.node("BatchNormalization", name, [x, *stored], epsilon=epsilon, momentum=0.9)

    def max_pool(
        self, name: str, x: ir.Value, *, kernel: int, stride: int, pad: int = 0, ceil: bool = False
    ) -> ir.Value:
        """Square max pooling; `ceil` rounds the output size up, as Caffe does."""
        square = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4}
        return self.node("MaxPool", name, [x], **square, ceil_mode=int(ceil))

    def average_pool(self, name: str, x: ir.Value, *, kernel: int, stride: int, ceil: bool = False) -> ir.Value:
        """Square average pooling without padding; `ceil` as in `max_pool`, and what hangs over does not count."""
        square = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [0] * 4}
        return self.node("AveragePool", name, [x], **square, ceil_mode=int(ceil), count_include_pad=0)

    def global_average_pool(self, name: str, x: ir.Value) -> ir.Value:
        return self.node("GlobalAveragePool", name, [x])

    def local_response_norm(
        self, name: str, x: ir.Value, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0
    ) -> ir.Value:
        """Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3)."""
        return self.node("LRN", name, [x], size=size, alpha=alpha, beta=beta, bias=bias)

    def relu(self, name: str, x: ir.Value) -> ir.Value:
        return self.node("Relu", name, [x])

    def relu6(self, name: str, x: ir.Value) -> ir.Value:
        """min(max(x, 0), 6)."""
        return self.node("Clip", name, [x, self.setting(0.0), self.setting(6.0)])

    def hard_sigmoid(self, name: str, x: ir.Value) -> ir.Value:
        """min(max(x / 6 + 1/2, 0), 1) (Howard et al. 2019, section 5.2)."""
        return self.node("HardSigmoid", name, [x], alpha=1 / 6, beta=0.5)

    def hard_swish(self, name: str, x: ir.Value) -> ir.Value:
        """x · hard_sigmoid(x); as two nodes, since ONNX has it as one only from opset 14 on."""
        return self.mul(name, x, self.hard_sigmoid(f"{name}.gate", x))

    def add(self, name: str, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.node("Add", name, [a, b])

    def mul(self, name: str, a: ir.Value, b: ir.Value) -> ir.Value:
        return self.node("Mul", name, [a, b])

    def concat(self, name: str, parts: Sequence[ir.Value]) -> ir.Value:
        """One after the other along the channels."""
        return self.node("Concat", name, parts, axis=1)

    def split(self, name: str, x: ir.Value, parts: int) -> list[ir.Value]:
        """The channels in equal parts."""
        node = ir.node("Split", [x], attributes={"axis": 1}, num_outputs=parts, name=name)
        return self._append(node, [f"{name}_out{part}" for part in range(parts)])

    def maxout(self, name: str, x: ir.Value, pieces: int) -> ir.Value:
        """The greatest of each unit's `pieces` linear pieces (Goodfellow et al. 2013, section 3).

        The channels of `x` are all units' first pieces, then all second ones, and so on.
        """
        return self.node("Max", name, self.split(f"{name}.pieces", x, pieces))

    def flatten(self, name: str, x: ir.Value) -> ir.Value:
        return self.node("Flatten", name, [x], axis=1)

    def softmax(self, name: str, x: ir.Value) -> ir.Value:
        return self.node("Softmax", name, [x], axis=1)

    def network(self, *outputs: ir.Value, input_recipe: InputRecipe | None = None) -> Network:
        """The finished network. The builder is used up."""
        self._graph.outputs.extend(outputs)
        return Network.from_model(self._model, name=self.name, input_recipe=input_recipe)


def _alone(value: ir.Value) -> ir.Value:
    """The same value in a graph of its own: its shape, and its numbers where they are an operator's setting."""
    made = value.producer()
    numbers = ir.convenience.get_const_tensor(value) if made is not None and made.op_type == "Constant" else None
    return ir.Value(name=value.name, type=value.type, shape=value.shape, const_value=numbers)


def size_of(value: ir.Value, axis: int) -> int:
    """The length of an axis. Raises ValueError when it is not a number."""
    size = value.shape[axis] if value.shape is not None else None
    if not isinstance(size, int):
        raise ValueError(f"Axis {axis} of {value.name} has no fixed length.")
    return size
