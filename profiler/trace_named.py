"""Times that come with names: what TensorRT, OpenCV and Caffe call a network's layers, joined on the graph's own names.

TensorRT fuses layers and says so in the name (seen in trtexec's output and in the notes of its ONNX parser):

    conv1 + relu1                     several layers in one kernel
    conv1 || conv2                    siblings in one kernel
    PWN(PWN(sigmoid1), mul1)          pointwise layers
    {ForeignNode[attention...norm2]}  everything from one layer to another
    node_of_OUTPUT                    a node without a name
    Reformatting CopyNode for Input Tensor 0 to conv1, reshape_before_fc1, …   what it put in itself: nobody's

OpenCV calls a layer `onnx_node!NAME` (since 4.5.4) or by its first output, and its own helpers `NAME/…`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from profiler.measurement import LayerTiming
from profiler.trace import KernelTime, Outline, match

ONNX_NODE = "onnx_node!"
NODE_OF = "node_of_"
FOREIGN = re.compile(r"\{?ForeignNode\[(.*)\.\.\.(.*)\]\}?$")
CLONE = re.compile(r"(_clone_\d+|_\d+_copy|\.1)$")
COPIES = ("Reformatting CopyNode", "reshape_before_", "reshape_after_", "copied", "squeeze_", "unsqueeze_", "shuffle_")


@dataclass(frozen=True)
class NamedTime:
    """One line of a tool's own split: its name there, and microseconds, one for each run or one for all."""

    name: str
    runs_us: tuple[float, ...]


def join(
    rows: Sequence[NamedTime], graph: Outline, known: Mapping[str, Sequence[str]] | None = None
) -> list[LayerTiming]:
    """The rows as times of layers: the graph's in its order, then those that belong to none, which cover nothing.

    `known` says of which layers a row is, where the tool told so beside the name. Rows that share a layer are added up.
    """
    names = _Names(graph)
    owner: dict[str, int] = {}  # layer → its group's number
    groups: dict[int, list[NamedTime]] = {}
    nobodys: list[LayerTiming] = []
    for number, row in enumerate(rows):
        layers = names.of_row(row.name) or names.named((known or {}).get(row.name, ()))
        if not layers:
            nobodys.append(LayerTiming(row.name, (), row.runs_us))
            continue
        touched = sorted({owner[layer] for layer in layers if layer in owner})
        groups[number] = [each for group in touched for each in groups.pop(group)] + [row]
        owner |= {layer: number for layer, group in owner.items() if group in touched} if touched else {}
        owner |= dict.fromkeys(layers, number)
    covers: dict[int, list[str]] = {}
    for layer in sorted(owner, key=names.place.__getitem__):
        covers.setdefault(owner[layer], []).append(layer)
    joined = [
        LayerTiming(" + ".join(layers), tuple(layers), _added([time.runs_us for time in groups[number]]))
        for number, layers in covers.items()
    ]
    return joined + nobodys


def parted(rows: Sequence[LayerTiming]) -> tuple[tuple[LayerTiming, ...], tuple[float, ...]]:
    """The layers' rows, and for each run the time of those that belong to no layer."""
    return tuple(row for row in rows if row.covers), _added([row.microseconds for row in rows if not row.covers])


def opencv_kernels(rows: Sequence[NamedTime], graph: Outline) -> list[KernelTime]:
    """OpenCV's layers as kernels of the graph's nodes. One that took no time at all was fused into another."""
    names = _Names(graph)
    kernels: list[KernelTime] = []
    for row in rows:
        if any(row.runs_us):
            node = names.of_opencv(row.name)
            kernels.append(KernelTime(node or row.name, names.operator.get(node or "", ""), row.runs_us))
    return kernels


def match_opencv(rows: Sequence[NamedTime], graph: Outline) -> tuple[tuple[LayerTiming, ...], tuple[float, ...]]:
    """As `trace.match`, for OpenCV's layers."""
    return match(opencv_kernels(rows, graph), graph)


def _added(times: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Run by run; a row without some of the runs counts where it has them."""
    runs = max((len(each) for each in times), default=0)
    return tuple(sum(each[run] for each in times if run < len(each)) for run in range(runs))


class _Names:
    """Finds the graph's nodes behind the names that tools give."""

    def __init__(self, graph: Outline) -> None:
        self.place = {node.name: index for index, node in enumerate(graph.nodes)}
        self.operator = {node.name: node.op for node in graph.nodes}
        self._order = [node.name for node in graph.nodes]
        self._maker = {value: node.name for node in graph.nodes for value in node.outputs if value}

    def named(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names that lead to a node."""
        return tuple(dict.fromkeys(found for name in names if (found := self._node(name)) is not None))

    def of_row(self, text: str) -> tuple[str, ...]:
        """The nodes in one of TensorRT's names."""
        if text in self.place:
            return (text,)
        if text.startswith(COPIES):
            return ()
        found: dict[str, None] = {}
        for part in _parts(text):
            region = FOREIGN.match(part)
            between = self._between(region[1], region[2]) if region else [self._node(part)]
            found |= {name: None for name in between if name is not None}
        return tuple(found) or self.named([text.rpartition("/")[0]])  # a helper of a layer: NAME/scale

    def of_opencv(self, text: str) -> str | None:
        name = text.removeprefix(ONNX_NODE)
        while True:
            found = self._node(name)
            if found is not None or "/" not in name:
                return found
            name = name.rpartition("/")[0]

    def _node(self, name: str) -> str | None:
        for each in (name, CLONE.sub("", name)):
            for node in (each, self._maker.get(each), self._maker.get(each.removeprefix(NODE_OF))):
                if node in self.place:
                    return node
        return None

    def _between(self, first: str, last: str) -> list[str | None]:
        """All nodes from one to the other, in the graph's order."""
        ends = [self.place[node] for node in (self._node(first), self._node(last)) if node is not None]
        return list[str | None](self._order[min(ends) : max(ends) + 1]) if len(ends) == 2 else []


def _parts(text: str) -> list[str]:
    """The names in a fused name. Brackets around pointwise nodes go, those inside a name stay."""
    inner = text.replace("PWN(", "")
    between = r" \+ | \|\| |, " if inner != text else r" \+ | \|\| "
    return [_balanced(part.strip()) for part in re.split(between, inner)]


def _balanced(name: str) -> str:
    """Without the closing brackets at its end that close nothing in it."""
    while name.endswith(")") and name.count(")") > name.count("("):
        name = name[:-1]
    return name
