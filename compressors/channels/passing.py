"""Through which operators a channel stays one channel, and which layers must keep theirs because one does not.

A channel can be taken out where everything between the layer that makes it and the layers that read it treats
channels alike and apart. Anything else holds the channels of the layers before it as they are.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from compressors.layers import CONVOLUTIONS, NORMS, TRANSPOSED, PRelu
from compressors.lift import NODE
from compressors.operators import Operator
from compressors.padding import Crop, Pad

CONVS = (*CONVOLUTIONS.values(), *TRANSPOSED.values())
BATCH_NORMS = tuple(set(NORMS.values()))
OUTSIDE = ""
"""What stands for a source that is no layer: the network's input, a constant, an operator that mixes channels."""

ALONE = frozenset({
    "Abs", "AveragePool", "Ceil", "Celu", "Clip", "Elu", "Erf", "Floor", "Gelu", "GlobalAveragePool", "GlobalLpPool",
    "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "LpPool", "MaxPool", "Mish", "Neg", "Round",
    "Selu", "Shrink", "Sigmoid", "Sign", "Softplus", "Softsign", "Swish", "Tanh", "ThresholdedRelu",
})  # fmt: skip
"""One input, and each channel of the output follows from that channel of the input alone."""

TOGETHER = frozenset({"Add", "Max", "Mean", "Min", "Mul", "Sub", "Sum"})
"""Several inputs, and each channel of the output follows from that channel of each of them."""

Sources = frozenset[str]


def is_depthwise(module: nn.Module) -> bool:
    """One filter for each channel."""
    return isinstance(module, CONVS) and 1 < module.groups == module.in_channels == module.out_channels


class Passing:
    """One walk over a lifted module in its order.

    held: layer (its path in the module) → why its output channels must stay, as words that go behind “because”;
    zero_pads: the calls that put channels of zeros beside those there are.
    """

    def __init__(self, module: fx.GraphModule, example: Sequence[torch.Tensor]) -> None:
        self.module = module
        self.held: dict[str, str] = {}
        self.zero_pads: list[fx.Node] = []
        self.sources: dict[fx.Node, Sources] = {}
        with torch.no_grad():
            ShapeProp(module).propagate(*example)
        for node in module.graph.nodes:
            self.sources[node] = self._visit(node)
        self._hold_shared()

    def _visit(self, node: fx.Node) -> Sources:
        inputs = node.all_input_nodes
        if node.op == "output":
            return self._hold(inputs, "the network gives them out")
        if node.op == "call_function":
            return self.sources[inputs[0]]  # one of several outputs of a node that was visited
        if node.op != "call_module":
            return frozenset({OUTSIDE})
        module, path = self.module.get_submodule(str(node.target)), str(node.target)
        if isinstance(module, (*CONVS, nn.Linear)):
            return self._layer(node, module, path)
        if isinstance(module, Operator):
            if self._passes(node, module):
                return frozenset().union(*(self.sources[each] for each in inputs if each.op != "get_attr"))
            return self._hold(inputs, _words(node, module.op))
        if isinstance(module, (*BATCH_NORMS, nn.ReLU, nn.Dropout, Pad, Crop)) or (
            isinstance(module, PRelu) and self._along_channels(module.weight, inputs[0])
        ):
            return self.sources[inputs[0]]
        return self._hold(inputs, _words(node, type(module).__name__))

    def _layer(self, node: fx.Node, module: nn.Module, path: str) -> Sources:
        inputs = node.all_input_nodes
        if isinstance(module, nn.Linear):
            if len(self._shape(inputs[0])) != 2:
                why = f"“{_name(node)}” multiplies along an axis that is not the channels’"
                self._hold(inputs, why)
                self.held.setdefault(path, why)
            return frozenset({path})
        if is_depthwise(module):
            before = self.sources[inputs[0]]
            if OUTSIDE in before or module.transposed:
                self._hold(inputs, why := f"“{_name(node)}” has one filter for each of them")
                self.held.setdefault(path, why)
            return before | {path}
        if module.groups != 1:
            self._hold(inputs, why := f"“{_name(node)}” is a convolution in {module.groups} groups")
            self.held.setdefault(path, why)
        return frozenset({path})

    def _passes(self, node: fx.Node, module: Operator) -> bool:
        """Whether channels go through this operator one by one."""
        op, s, inputs = module.op, module.settings, node.all_input_nodes
        shape = self._shape(inputs[0]) if inputs else ()
        rank = len(shape)
        if op in ALONE:
            return len(inputs) == 1 or all(each.op == "get_attr" for each in inputs[1:])
        if op in TOGETHER:
            return self._alike(inputs)
        if op == "Concat":
            inside = all(OUTSIDE not in self.sources[each] for each in inputs)
            return inside and rank > 1 and s.integer("axis") % rank == 1
        if op == "Flatten":
            return s.integer("axis", 1) == 1
        if op == "Reshape":
            return _flattens(node.args[1], shape)
        if op.startswith("Reduce"):
            axes = _numbers(node, 1) if len(node.args) > 1 else s.integers("axes", [])
            return bool(axes) and all(axis % rank > 1 for axis in axes) and op != "ReduceProd"
        if op in ("Squeeze", "Unsqueeze"):
            axes = _numbers(node, 1) if len(node.args) > 1 else s.integers("axes", [])
            return bool(axes) and all(axis > 1 for axis in axes)
        if op == "Slice":
            axes = _numbers(node, 3) if len(node.args) > 3 else s.integers("axes", [])
            return bool(axes) and all(axis % rank > 1 for axis in axes)
        if op == "Pad":
            return self._pads(node, module, shape)
        if op in ("Resize", "Upsample"):  # by factors: sizes would be written as numbers
            return op == "Upsample" or (len(node.args) < 4 or node.args[3] is None)
        return False

    def _alike(self, inputs: list[fx.Node]) -> bool:
        """Inputs with the same channels each, or constants that are one number, or one number a channel that learns."""
        moving = [each for each in inputs if each.op != "get_attr"]
        if not moving or any(OUTSIDE in self.sources[each] for each in moving):
            return False
        first = self._shape(moving[0])
        if len(first) < 2 or any(
            len(self._shape(each)) != len(first) or self._shape(each)[1] != first[1] for each in moving
        ):
            return False
        return all(self._fits(each, moving[0]) for each in inputs if each.op == "get_attr")

    def _fits(self, constant: fx.Node, other: fx.Node) -> bool:
        tensor = self._tensor(str(constant.target))
        if tensor.numel() == 1:
            return True
        return isinstance(tensor, nn.Parameter) and self._along_channels(tensor, other)

    def _along_channels(self, tensor: torch.Tensor, other: fx.Node) -> bool:
        """One number for each channel, or one for all."""
        shape = self._shape(other)
        if tensor.numel() == 1:
            return True
        whole = (1,) * (len(shape) - tensor.dim()) + tuple(tensor.shape)
        return len(whole) == len(shape) and whole[1] == shape[1] == tensor.numel()

    def _pads(self, node: fx.Node, module: Operator, shape: tuple[int, ...]) -> bool:
        """Beside the picture, or channels of zeros beside channels; the latter are noted in `zero_pads`."""
        if any(each.op != "get_attr" for each in node.all_input_nodes[1:]) or len(node.args) > 3:
            return False
        pads = _numbers(node, 1) if len(node.args) > 1 else module.settings.integers("pads", [])
        if len(pads) != 2 * len(shape) or pads[0] or pads[len(shape)]:
            return False
        before, after = pads[1], pads[len(shape) + 1]
        if not before and not after:
            return True
        value = self._tensor(str(node.all_input_nodes[1].target)) if len(node.all_input_nodes) > 1 else None
        number = module.settings.number("value", 0.0) if value is None else float(value.flatten()[0])
        zeros = number == 0 and module.settings.text("mode", "constant") == "constant"
        if (
            not zeros
            or min(before, after) < 0
            or sum(map(abs, pads)) != before + after
            or OUTSIDE in self.sources[node.all_input_nodes[0]]
        ):
            return False
        self.zero_pads.append(node)
        return True

    def zeros(self, node: fx.Node) -> tuple[int, int]:
        """How many channels of zeros a call of `zero_pads` puts before those there are, and behind them."""
        module, rank = self.module.get_submodule(str(node.target)), len(self._shape(node))
        assert isinstance(module, Operator)
        pads = _numbers(node, 1) if len(node.args) > 1 else module.settings.integers("pads", [])
        return pads[1], pads[rank + 1]

    def _hold(self, inputs: Sequence[fx.Node], why: str) -> Sources:
        """The layers before must keep their channels."""
        for each in inputs:
            for path in self.sources[each] - {OUTSIDE}:
                self.held.setdefault(path, why)
        return frozenset({OUTSIDE})

    def _hold_shared(self) -> None:
        """Layers that share a tensor would have to lose the same of it."""
        owner: dict[int, str] = {}
        for path, layer in self.module.named_modules(remove_duplicate=False):
            for tensor in layer.parameters(recurse=False) if path else ():
                other = owner.setdefault(id(tensor), path)
                if other != path:
                    for each in (path, other):
                        self.held.setdefault(each, "another layer has the same weights")
                    self._hold_readers({path, other})

    def _hold_readers(self, paths: set[str]) -> None:
        for node in self.module.graph.nodes:
            if node.op == "call_module" and str(node.target) in paths:
                self._hold(node.all_input_nodes, f"“{_name(node)}” shares its weights with another layer")

    def _shape(self, node: fx.Node) -> tuple[int, ...]:
        meta: Any = node.meta.get("tensor_meta")
        return tuple(meta.shape) if hasattr(meta, "shape") else ()

    def _tensor(self, path: str) -> torch.Tensor:
        owner, _, name = path.rpartition(".")
        return getattr(self.module.get_submodule(owner), name)


def _name(node: fx.Node) -> str:
    return str(node.meta.get(NODE, node.target))


def _words(node: fx.Node, op: str) -> str:
    """Why channels end at this node."""
    said = {
        "Split": "divides them at places that are written down",
        "Slice": "takes some of them by number",
        "Gather": "takes some of them by number",
        "Reshape": "has their number written down in its shape",
        "Transpose": "moves the axis of the channels",
        "LRN": "weighs each against its neighbours",
    }.get(op, "does not treat them one by one")
    return f"“{_name(node)}” ({op}) {said}"


def _numbers(node: fx.Node, index: int) -> list[int]:
    """A list of whole numbers among the arguments; empty where it is worked out as the network runs."""
    given: Any = node.args[index]
    return [int(number) for number in given] if isinstance(given, (list, tuple)) else []


def _flattens(sizes: Any, shape: tuple[int, ...]) -> bool:
    """A Reshape that is a Flatten whatever the number of channels is."""
    return isinstance(sizes, (list, tuple)) and list(sizes) == [0, -1] and len(shape) > 1
