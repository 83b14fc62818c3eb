"""From an ONNX graph to a torch module that learns: torch's own layers, whose parameters know their initializers.

Nothing is renamed and no exporter is called: `lower` writes what was learnt back under the same names.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import keyword
import operator
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from torch import fx, nn

from compressors.layers import LAYERS, Held, Layer
from compressors.operator_settings import Settings
from compressors.operators import LISTS, OPERATORS, SEVERAL, Operator
from compressors.weights import constant, in_several_layouts, learns, source
from profiler.errors import BadInput
from profiler.network import Network

BINDINGS = "netbonsai.bindings"
"""Where a module keeps its bindings: `GraphModule.meta` is copied with it, plain attributes are not."""

NODE = "netbonsai.node"
"""Where a call in a lifted graph keeps the name of the ONNX node it stands for."""

FIX = "Use the steps that need no training: they work on any network."
ONNX_DOMAINS = ("", "ai.onnx")
AS_OPERATORS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Layers that can be carried out as operators too, on a parameter that has another layout elsewhere."""

TYPES = tuple(
    ir.DataType[name] for name in ["FLOAT", "FLOAT16", "DOUBLE", "INT8", "INT16", "INT32", "INT64", "UINT8", "BOOL"]
)
"""Types that torch calculates with, and numpy has."""


@dataclass(frozen=True)
class Binding:
    """Input `index` of the node called `node` is `attribute` of the module at `path` ("" is the root)."""

    path: str
    attribute: str
    node: str
    index: int
    turned: bool = False


def bindings(module: nn.Module) -> tuple[Binding, ...]:
    """Which tensors of a lifted module are which inputs of the graph's nodes."""
    return module.meta[BINDINGS]  # type: ignore[union-attr,index,return-value]


def lift(network: Network) -> fx.GraphModule:
    """A module in eval mode that computes what the network computes, from copies of its weights.

    Trainable: the weights of Conv, ConvTranspose, Gemm, MatMul, PRelu, the normalisations and LSTM, GRU and RNN, and a
    bias added to a layer; BatchNorm’s running statistics follow along in train mode. Other constants are frozen. A
    kernel that several nodes share stays one parameter; equal biases that an exporter stored once become each layer’s.
    Raises BadInput naming the operator and node that can’t be lifted.
    """
    return _Lifting(network).module()


def logits(module: nn.Module) -> nn.Module:
    """The module without a Softmax at its end, on the same layers: losses want the scores that go into it.

    Any other module is returned as it is.
    """
    if not isinstance(module, fx.GraphModule):
        return module
    last = next(node for node in module.graph.nodes if node.op == "output").args[0]
    if not isinstance(last, fx.Node) or last.op != "call_module":
        return module
    wrapped = module.get_submodule(str(last.target))
    if not (isinstance(wrapped, Operator) and wrapped.op == "Softmax"):
        return module
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    graph.graph_copy(module.graph, copies)
    graph.output(copies[last].args[0])
    graph.erase_node(copies[last])
    shorter = fx.GraphModule(module, graph)
    shorter.meta = dict(module.meta)
    return shorter


class _Lifting:
    """One walk over a graph, in its order."""

    def __init__(self, network: Network) -> None:
        self.network, self.model = network, network.model
        self.root, self.graph = nn.Module(), fx.Graph()
        self.names: set[str] = set()
        self.values: dict[ir.Value, Any] = {}
        self.parameters: dict[object, nn.Parameter] = {}
        self.bindings: list[Binding] = []
        self.several = in_several_layouts(self.model.graph)
        self.batch = next((shape[0] for shape in network.inputs.values() if shape), None)

    def module(self) -> fx.GraphModule:
        initializers = self.model.graph.initializers
        for value in self.model.graph.inputs:
            if value.name not in initializers:
                _check_type(value.dtype, f"The input “{value.name}” has them.")
                self.values[value] = self.graph.placeholder(self.name(value.name or "input"))
        for node in self.model.graph:
            if node.op_type != "Constant":
                self.keep(node, self.node(node))
        outputs = [self.read(value) for value in self.model.graph.outputs]
        self.graph.output(outputs[0] if len(outputs) == 1 else tuple(outputs))
        module = fx.GraphModule(self.root, self.graph)
        module.meta[BINDINGS] = tuple(self.bindings)
        return module.eval()

    def name(self, wanted: str) -> str:
        """A free name that Python, nn.Module and the generated code all bear."""
        base = re.sub(r"\W", "_", wanted) or "node"
        if (
            base[0].isdigit()
            or keyword.iskeyword(base)
            or hasattr(fx.GraphModule, base)
            or base in ("meta", "training")
        ):
            base = f"node_{base}"
        name, count = base, 1
        while name in self.names:
            name, count = f"{base}_{count}", count + 1
        self.names.add(name)
        return name

    def node(self, node: ir.Node) -> fx.Node:
        op = node.op_type
        if node.domain not in ONNX_DOMAINS:
            raise _cannot(node, f"{node.domain}.{op}")
        settings = Settings.of(node, self.network.opset)
        if "broadcast" in settings and "axis" in settings:
            raise _cannot(node, f"{op} of opset {settings.opset}, which broadcasts in another way,")
        if op == "Cast":
            _check_type(ir.DataType(settings.integer("to")), f"Node “{node.name}” makes them.")
        if op == "Relu":
            return self.call(node, nn.ReLU(), self.read(node.inputs[0]))
        if op == "Dropout":
            return self.call(node, nn.Dropout(self.dropout_rate(node, settings)), self.read(node.inputs[0]))
        if op in LAYERS and not (op in AS_OPERATORS and _initializer_name(node.inputs[1]) in self.several):
            layer = LAYERS[op](settings, [_shape(value) for value in node.inputs], _rank(node.inputs[0]))
            if layer is not None:
                return self.layer(node, layer)
        if op not in OPERATORS:
            raise _cannot(node, op)
        if op == "Split":
            settings = Settings({"num_outputs": len(node.outputs), **settings.values}, settings.opset)
        return self.call(node, Operator(op, settings), *self.arguments(node))

    def dropout_rate(self, node: ir.Node, settings: Settings) -> float:
        given = constant(node.inputs[1]) if len(node.inputs) > 1 else None
        return settings.number("ratio", 0.5) if given is None else float(given.numpy())

    def call(self, node: ir.Node, module: nn.Module, *inputs: Any, suffix: str = "") -> fx.Node:
        path = self.name((node.name or node.op_type) + suffix)
        self.root.add_module(path, module)
        called = self.graph.call_module(path, inputs)
        called.meta[NODE] = node.name or node.op_type
        return called

    def layer(self, node: ir.Node, layer: Layer) -> fx.Node:
        x = self.read(node.inputs[0])
        if layer.before is not None:
            x = self.call(node, layer.before, x, suffix="_pad")
        made = called = self.call(node, layer.module, x)
        if layer.after is not None:
            made = self.call(node, layer.after, called, suffix="_crop")
        # A bias belongs with its weight: stored once for two layers, it is still two biases.
        together = tuple(_initializer_name(node.inputs[held.index]) for held in layer.held)
        for held in layer.held:
            self.fill(layer.module, held, node, together)
            self.bindings.append(Binding(str(called.target), held.attribute, node.name or "", held.index, held.turned))
        return made

    def fill(self, module: nn.Module, held: Held, node: ir.Node, together: tuple[str, ...]) -> None:
        """Give the module its tensor: a buffer of its own, or the parameter of the nodes that share all of it."""
        if held.attribute in dict(module.named_buffers(recurse=False)):
            module.register_buffer(held.attribute, self.tensor(node, held.index))
            return
        key = (held.attribute, held.turned, together[: max(held.index, 1)])
        if key not in self.parameters:
            tensor = self.tensor(node, held.index)
            self.parameters[key] = nn.Parameter(tensor.t().contiguous() if held.turned else tensor)
        setattr(module, held.attribute, self.parameters[key])

    def tensor(self, node: ir.Node, index: int) -> torch.Tensor:
        """An owned copy of a constant."""
        found = constant(node.inputs[index])
        assert found is not None
        _check_type(found.dtype, f"Node “{node.name}” has them.")
        return torch.from_numpy(np.array(found.numpy()))

    def arguments(self, node: ir.Node) -> list[Any]:
        lists = LISTS.get(node.op_type, ())
        return [self.argument(node, index, index in lists) for index in range(len(node.inputs))]

    def argument(self, node: ir.Node, index: int, listed: bool) -> Any:
        value = node.inputs[index]
        found = constant(value)
        if value is None or found is None or value in self.values:
            return None if value is None else self.read(value)
        if listed:
            numbers: list[int] = found.numpy().reshape(-1).tolist()
            return self.any_batch(node, numbers) if node.op_type in ("Reshape", "Resize") else numbers
        path = self.name(value.name or node.op_type)
        if learns(node, index):
            self.root.register_parameter(path, self.parameter(node, index))
            self.bindings.append(Binding("", path, node.name or "", index))
            return self.graph.get_attr(path)
        self.root.register_buffer(path, self.tensor(node, index))
        return self.graph.get_attr(path)

    def parameter(self, node: ir.Node, index: int) -> nn.Parameter:
        """A weight that nodes share is one parameter; a bias, or whatever has one axis, is each node's own."""
        made = nn.Parameter(self.tensor(node, index))
        if made.dim() < 2 or node.op_type == "Add":
            return made
        return self.parameters.setdefault(("", False, (_initializer_name(node.inputs[index]),)), made)

    def any_batch(self, node: ir.Node, sizes: list[int]) -> list[int]:
        """A batch of one, written into a Reshape or Resize, becomes whatever batch comes."""
        if node.attributes.get_int("allowzero", 0) or "axes" in node.attributes:
            return sizes
        before = node.inputs[0].shape if node.inputs[0] is not None else None
        fixed = before is not None and len(before) > 0 and before[0] == self.batch == (sizes or [None])[0]
        return [0, *sizes[1:]] if fixed and isinstance(self.batch, int) else sizes

    def read(self, value: ir.Value | None) -> Any:
        """The node that makes a value, or a frozen constant."""
        assert value is not None
        if value not in self.values:
            found = constant(value)
            assert found is not None, f"{value.name} is made by no node"
            path = self.name(value.name or "constant")
            self.root.register_buffer(path, torch.from_numpy(np.array(found.numpy())))
            self.values[value] = self.graph.get_attr(path)
        return self.values[value]

    def keep(self, node: ir.Node, made: fx.Node) -> None:
        """Remember which fx node makes which value."""
        if node.op_type in SEVERAL:
            for index, output in enumerate(node.outputs):
                self.values[output] = self.graph.call_function(operator.getitem, (made, index))
            return
        self.values[node.outputs[0]] = made
        for extra in node.outputs[1:]:
            if extra.uses() or extra.is_graph_output():
                raise BadInput(
                    f"The second output of {node.op_type} can’t be trained through.",
                    f"Node “{node.name}” uses it.",
                    FIX,
                )


def _initializer_name(value: ir.Value | None) -> str:
    return "" if value is None else source(value).name or ""


def _shape(value: ir.Value | None) -> tuple[int, ...] | None:
    """The shape of a constant."""
    found = constant(value)
    return None if found is None else tuple(found.shape.numpy())


def _rank(value: ir.Value | None) -> int | None:
    return None if value is None or value.shape is None else len(value.shape)


def _check_type(dtype: ir.DataType | None, where: str) -> None:
    if dtype is not None and dtype not in TYPES:
        raise BadInput(f"Values of type {dtype.name.lower()} can’t be trained.", where, FIX)


def _cannot(node: ir.Node, op: str) -> BadInput:
    return BadInput(f"The operator {op} can’t be trained.", f"Node “{node.name}” uses it.", FIX)
