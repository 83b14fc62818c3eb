"""ONNX Runtime's profile, made into times of layers: pure functions on its JSON events.

The runtime fuses neighbours and renames what it fused (seen with 1.32, CPU, all optimisations): a kernel is called like
its node; `fused NODE`; `NODE/…Fusion`; `OUTPUT_nchwc` after the last fused node's output, and `OUTPUT_bn_nchwc` or
`OUTPUT_mul_nchwc` where a normalisation or a product by channel became a convolution; any of them with `_token_1`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiler.measurement import LayerTiming

if TYPE_CHECKING:
    from profiler.network import Network

KERNEL = "_kernel_time"
TOKEN = re.compile(r"_token_\d+$")
NCHWC = ("_nchwc", "_bn_nchwc", "_mul_nchwc")
FUSION = re.compile(r"(/+\w*Fusion\w*/*)+$")

ACTIVATIONS = frozenset(("Relu", "LeakyRelu", "Clip", "Sigmoid", "HardSigmoid", "Tanh"))
AFTER_CONV = ACTIVATIONS | {"BatchNormalization", "Add", "Sum", "Mul", "QuantizeLinear"}
AFTER_PRODUCT = frozenset(("Add", "BatchNormalization", "QuantizeLinear"))
# What a kernel can have taken in after its own operator, if no kernel of its own bears its name.
TAKES_IN: Mapping[str, frozenset[str]] = {
    "Conv": AFTER_CONV,
    "FusedConv": AFTER_CONV,
    "QLinearConv": AFTER_CONV,
    "Gemm": AFTER_PRODUCT,
    "FusedGemm": AFTER_PRODUCT | ACTIVATIONS,
    "QGemm": AFTER_PRODUCT | ACTIVATIONS,
    "MatMul": frozenset(("QuantizeLinear",)),
    "QLinearMatMul": frozenset(("QuantizeLinear",)),
    "FusedMatMul": frozenset(("Mul", "Div", "Transpose")),
    "LayerNormalization": frozenset(("Add",)),
}
TAKES_BEFORE: Mapping[str, frozenset[str]] = {  # and before it
    "Conv": frozenset(("Pad",)),
    "FusedConv": frozenset(("Pad",)),
    "QLinearConv": frozenset(("DequantizeLinear",)),
    "QLinearMatMul": frozenset(("DequantizeLinear",)),
    "QGemm": frozenset(("DequantizeLinear",)),
    "FusedMatMul": frozenset(("Transpose", "Mul", "Div")),
}
STANDS_FOR: Mapping[str, frozenset[str]] = {
    "FusedConv": frozenset(("Conv",)),
    "QLinearConv": frozenset(("Conv",)),
    "Gemm": frozenset(("Gemm", "MatMul")),
    "FusedGemm": frozenset(("Gemm", "MatMul")),
    "QGemm": frozenset(("Gemm", "MatMul")),
    "FusedMatMul": frozenset(("MatMul",)),
    "QLinearMatMul": frozenset(("MatMul",)),
}
CONTROL_FLOW = frozenset(("If", "Loop", "Scan"))


@dataclass(frozen=True)
class OutlineNode:
    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """A graph's nodes in their order, with the names of the values between them: all that matching needs."""

    nodes: tuple[OutlineNode, ...]


@dataclass(frozen=True)
class KernelTime:
    """One kernel of the runtime: its name in the trace, its operator, and microseconds in each run."""

    node: str
    op: str
    runs_us: tuple[float, ...]


def outline(network: Network) -> Outline:
    """The outline of a network; stored values are no nodes."""
    return Outline(
        tuple(
            OutlineNode(
                name=node.name or "",
                op=node.op_type,
                inputs=tuple(value.name or "" for value in node.inputs if value is not None),
                outputs=tuple(value.name or "" for value in node.outputs),
            )
            for node in network.model.graph
            if node.op_type != "Constant"
        )
    )


def kernel_times(events: Sequence[Mapping[str, Any]]) -> list[KernelTime]:
    """The kernels of a profile, in order of execution; one value a run, a run being a `model_run` event.

    Kernels inside a branch or loop are part of its time and are left out. Kernels outside every run are, too.
    """
    runs = sorted((event["ts"], event["ts"] + event["dur"]) for event in events if event.get("name") == "model_run")
    starts = [start for start, _ in runs]
    times: dict[tuple[str, str], list[float]] = {}
    for event in _outermost(events):
        run = bisect_right(starts, event["ts"]) - 1
        if run < 0 or event["ts"] > runs[run][1]:
            continue
        key = (str(event["name"]).removesuffix(KERNEL), str(event.get("args", {}).get("op_name", "")))
        times.setdefault(key, [0.0] * len(runs))[run] += event["dur"]
    return [KernelTime(name, op, tuple(values)) for (name, op), values in times.items()]


def _outermost(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    nodes = [e for e in events if e.get("cat") == "Node" and str(e.get("name", "")).endswith(KERNEL)]
    nodes.sort(key=lambda e: (e["ts"], -e["dur"]))
    kept: list[Mapping[str, Any]] = []
    inside: dict[Any, float] = {}  # thread -> when the branch or loop that runs on it ends
    for event in nodes:
        if event["ts"] < inside.get(event.get("tid"), float("-inf")):
            continue
        kept.append(event)
        if event.get("args", {}).get("op_name") in CONTROL_FLOW:
            inside[event.get("tid")] = event["ts"] + event["dur"]
    return kept


def match(kernels: Sequence[KernelTime], graph: Outline) -> tuple[tuple[LayerTiming, ...], tuple[float, ...]]:
    """Times of layers in the graph's order, and the time of each run that belongs to no layer.

    A row covers a kernel's own layer and those that were fused into it. Layers without any kernel are in no row.
    """
    matcher = _Matcher(graph, kernels)
    runs = max((len(kernel.runs_us) for kernel in kernels), default=0)
    times: dict[int, list[float]] = {}
    unmatched = [0.0] * runs
    for kernel in kernels:
        anchor = matcher.anchors.get((kernel.node, kernel.op))
        total = unmatched if anchor is None else times.setdefault(matcher.owner[anchor], [0.0] * runs)
        for run, value in enumerate(kernel.runs_us):
            total[run] += value
    covers = {order: matcher.covered(order) for order in times}
    rows = [LayerTiming(" + ".join(names), names, tuple(times[order])) for order, names in covers.items()]
    place = {node.name: index for index, node in enumerate(graph.nodes)}
    rows.sort(key=lambda row: place[row.covers[0]])
    return tuple(rows), tuple(unmatched)


def unmatched(kernels: Sequence[KernelTime], graph: Outline) -> list[KernelTime]:
    """The kernels that belong to no layer: reorders the runtime put in, or those of another network."""
    anchors = _Matcher(graph, kernels).anchors
    return [kernel for kernel in kernels if (kernel.node, kernel.op) not in anchors]


def covered_by(kernels: Sequence[tuple[str, str]], graph: Outline) -> list[tuple[str, ...]]:
    """The layers that each kernel (its name and operator, in order of execution) does; none for one that has no layer.

    Of several kernels of one layer, the first covers it.
    """
    matcher = _Matcher(graph, [KernelTime(name, op, ()) for name, op in kernels])
    return [matcher.covered(order) for order in range(len(kernels))]


class _Matcher:
    """Says which kernel each node belongs to. Kernels are numbered in order of execution (`owner`: node → number)."""

    def __init__(self, graph: Outline, kernels: Sequence[KernelTime]) -> None:
        self._nodes = {node.name: node for node in graph.nodes}
        self._maker = {value: node.name for node in graph.nodes for value in node.outputs if value}
        self.anchors: dict[tuple[str, str], str] = {}
        self.owner: dict[str, int] = {}
        self._op: dict[int, str] = {}
        for order, kernel in enumerate(kernels):
            self._anchor(order, kernel)
        for name, order in list(self.owner.items()):
            self._look_back(self._nodes[name], order)
        for node in graph.nodes:
            self._look_forward(node)

    def covered(self, order: int) -> tuple[str, ...]:
        return tuple(name for name in self._nodes if self.owner.get(name) == order)

    def _anchor(self, order: int, kernel: KernelTime) -> None:
        name = self._node_named(kernel.node)
        if name is None:
            return
        self.anchors[kernel.node, kernel.op] = name
        if name not in self.owner:
            self.owner[name] = order
            self._op[order] = kernel.op

    def _node_named(self, kernel: str) -> str | None:
        """The node a kernel's name leads to: itself, or the one whose output it was called after."""
        for text in dict.fromkeys((kernel, TOKEN.sub("", kernel))):
            for name in dict.fromkeys((text, FUSION.sub("", text))):
                for candidate in (name, name.removeprefix("fused ")):
                    if candidate in self._nodes:
                        return candidate
            for suffix in NCHWC:
                if text.endswith(suffix) and text.removesuffix(suffix) in self._maker:
                    return self._maker[text.removesuffix(suffix)]
        return None

    def _makers(self, node: OutlineNode) -> list[OutlineNode]:
        return [self._nodes[self._maker[value]] for value in node.inputs if value in self._maker]

    def _look_back(self, anchor: OutlineNode, order: int) -> None:
        """Take the nodes between the kernel's operator and its anchor, and what stands before the operator."""
        wanted = STANDS_FOR.get(self._op[order], frozenset((self._op[order],)))
        chain = self._chain(anchor, wanted)
        if not chain:  # a kernel for an operator that the graph spells out, such as a layer normalisation
            chain = self._all_before(anchor)
        for node in chain:
            self.owner[node.name] = order
        if chain and chain[-1].op in wanted:
            for node in self._makers(chain[-1]):
                if node.name not in self.owner and node.op in TAKES_BEFORE.get(self._op[order], ()):
                    self.owner[node.name] = order

    def _chain(self, anchor: OutlineNode, wanted: frozenset[str]) -> list[OutlineNode]:
        """From the anchor back to the nearest wanted operator, through first inputs that have no kernel."""
        chain = [anchor]
        while chain[-1].op not in wanted:
            before = self._makers(chain[-1])
            if not before or before[0].name in self.owner:
                return []
            chain.append(before[0])
        return chain

    def _all_before(self, anchor: OutlineNode) -> list[OutlineNode]:
        found = {anchor.name: anchor}
        waiting = [anchor]
        while waiting:
            for node in self._makers(waiting.pop()):
                if node.name not in self.owner and node.name not in found:
                    found[node.name] = node
                    waiting.append(node)
        return list(found.values())

    def _look_forward(self, node: OutlineNode) -> None:
        """A node without a kernel went into the last kernel that it had to wait for, if that can take it in."""
        makers = self._makers(node)
        if node.name in self.owner or not makers or any(maker.name not in self.owner for maker in makers):
            return
        last = max(self.owner[maker.name] for maker in makers)
        if node.op in TAKES_IN.get(self._op[last], ()):
            self.owner[node.name] = last
