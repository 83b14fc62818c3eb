"""A Caffe network as an ONNX graph under construction: named blobs become values, a layer becomes one node or a few."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import onnx_ir as ir

from profiler.builder import FLOAT, IR_VERSION, KEEP_BELOW, OPSET
from profiler.formats.caffe_net import LARGEST, MOST_AXES, Layer, Net, written
from profiler.formats.caffe_text import Fault, Message, shortened
from profiler.formats.caffe_weights import Blob

BATCH = "N"
MOST_NODES = 30_000
Shape = tuple[int | str, ...]  # the first size may be open; all others are numbers


class BatchMixed(Exception):
    """A layer does not keep pictures of a batch apart: the batch cannot be left open."""


class Graph:
    """What has been built so far. `used`: the layers whose weights a file gave; `made_up`: those it did not."""

    def __init__(self, net: Net, weights: Mapping[str, Sequence[Blob]], *, open_batch: bool) -> None:
        self.weights = weights
        self.made_up: dict[str, list[ir.Value]] = {}
        self.used: set[str] = set()
        self.shared: dict[str, ir.Value] = {}
        self._shapes: dict[ir.Value, Shape] = {}
        self._blobs: dict[str, ir.Value] = {}
        self._loose: dict[str, ir.Value] = {}  # blobs that nothing has read yet
        self._values: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._layers: dict[str, int] = {}
        self._final: set[ir.Value] = set()  # values that have the name of a blob
        self._graph = ir.Graph([], [], nodes=[], opset_imports={"": OPSET}, name=net.name or "caffe")
        sizes = dict.fromkeys(shape[0] for shape in net.inputs.values())
        symbols = {size: f"{BATCH}{place + 1}" if place else BATCH for place, size in enumerate(sizes)}
        for name, shape in net.inputs.items():
            dims: Shape = (symbols[shape[0]], *shape[1:]) if open_batch else shape
            value = ir.Value(name=_free(name, self._values), type=FLOAT, shape=ir.Shape(dims))
            self._graph.inputs.append(value)
            self._final.add(value)
            self._shapes[value], self._blobs[name] = dims, value

    def shape(self, value: ir.Value) -> Shape:
        return self._shapes[value]

    def take(self, blob: str) -> ir.Value:
        """What a blob's name stands for at this place. Raises Fault when no layer before made it."""
        if blob not in self._blobs:
            raise Fault(f"it reads “{shortened(blob)}”, which no layer before it makes.")
        self._loose.pop(blob, None)
        return self._blobs[blob]

    def give(self, layer: Layer, tops: Sequence[str], values: Sequence[ir.Value]) -> None:
        """Let tops stand for what a layer made. A top may be one of its own bottoms: it works in place."""
        if len(tops) != len(values) or len(set(tops)) != len(tops):
            raise Fault(f"it makes {len(values)} blobs, and {len(set(tops))} are named.")
        for top, value in zip(tops, values, strict=True):
            if top in self._blobs and top not in layer.bottoms:
                raise Fault(f"it makes “{shortened(top)}”, which another layer makes already.")
            if value not in self._final:
                value.name = _free(layer.name or top if top in self._values else top, self._values)
                self._final.add(value)
            self._blobs[top] = self._loose[top] = value

    def silence(self, blobs: Iterable[str]) -> None:
        """These are no results, although no layer reads them."""
        for blob in blobs:
            self._loose.pop(blob, None)

    def without_file(self) -> list[str]:
        """The layers of the finished network whose weights no file gave."""
        return [name for name, values in self.made_up.items() if any(value.uses() for value in values)]

    def step(self, layer: Layer) -> Step:
        """Begin a layer. Its name is its own, also where another bears the same."""
        return Step(self, layer, _free(layer.name or next(iter(layer.tops), layer.type), self._layers))

    def nodes(
        self, op: str, name: str, inputs: Sequence[ir.Value], shapes: Sequence[Shape], **attributes: Any
    ) -> list[ir.Value]:
        """Add a node with an output of each shape."""
        if len(self._nodes) >= MOST_NODES:
            raise Fault(f"the network would have more than {MOST_NODES:,} nodes.")
        node = ir.node(op, inputs, attributes=attributes, num_outputs=len(shapes), name=_free(name, self._nodes))
        for index, (value, shape) in enumerate(zip(node.outputs, shapes, strict=True)):
            if len(shape) > MOST_AXES or math.prod(size for size in shape if isinstance(size, int)) > LARGEST:
                raise Fault(f"its result of {written(shape)} is larger than a blob can be.")
            value.name = _free(f"{name}_out{index or ''}", self._values)
            value.type, value.shape = FLOAT, ir.Shape(shape)
            self._shapes[value] = shape
        self._graph.append(node)
        return list(node.outputs)

    def initializer(self, name: str, tensor: ir.TensorProtocol) -> ir.Value:
        tensor.name = _free(name, self._values)
        shape = tuple(tensor.shape.numpy())
        value = ir.Value(name=tensor.name, type=ir.TensorType(tensor.dtype), shape=ir.Shape(shape), const_value=tensor)
        self._graph.register_initializer(value)
        self._shapes[value] = shape
        return value

    def finish(self) -> ir.Model:
        """The model; what leads to no result is taken out again. Raises Fault when there is no result."""
        if not self._loose:
            raise Fault("It has no output: every layer’s result is read by another.")
        given: set[ir.Value] = set()
        for top, value in self._loose.items():
            output = value
            if value.producer() is None or value in given:
                (output,) = self.nodes("Identity", f"{top}.copy", [value], [self.shape(value)])
            given.add(output)
            self._graph.outputs.append(output)
        _prune(self._graph)
        return ir.Model(self._graph, ir_version=IR_VERSION, producer_name="netbonsai")


def _free(wanted: str, taken: dict[str, int]) -> str:
    """A name that is not taken yet; `taken` has how often each was wanted."""
    count = taken.get(wanted, 0) + 1
    name = f"{wanted}_{count}" if count > 1 else wanted
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken[wanted] = count
    taken.setdefault(name, 1)
    return name


def _prune(graph: ir.Graph) -> None:
    for node in reversed(list(graph)):
        if not any(value.uses() or value.is_graph_output() for value in node.outputs):
            graph.remove(node, safe=True)
    for name, value in list(graph.initializers.items()):
        if not value.uses():
            graph.initializers.pop(name)


class Step:
    """One layer being translated: what it reads, its settings, its weights, and the nodes it becomes."""

    def __init__(self, graph: Graph, layer: Layer, name: str) -> None:
        self.graph, self.layer, self.name = graph, layer, name
        self.stored = graph.weights.get(layer.name, ())
        self._taken = 0
        self._weights: list[ir.Value] = []

    @cached_property
    def bottoms(self) -> list[ir.Value]:
        return [self.graph.take(name) for name in self.layer.bottoms]

    @property
    def x(self) -> ir.Value:
        """The one value that it reads, where it makes one."""
        if len(self.layer.bottoms) != 1 or len(self.layer.tops) != 1:
            reads, makes = len(self.layer.bottoms), len(self.layer.tops)
            raise Fault(f"it reads {reads} and makes {makes} blobs, where one of each is expected.")
        return self.bottoms[0]

    def shape(self, value: ir.Value) -> Shape:
        return self.graph.shape(value)

    def settings(self, name: str, known: str) -> Message:
        """The layer's own settings. An unknown one may change what the layer computes, so it is refused by name."""
        message = self.layer.settings.message(name)
        for setting, line in message.unknown(frozenset(known.split())):
            raise Fault(
                f"its setting “{shortened(setting)}” in line {line} is not known.",
                "If it does not change what the layer computes, take the line out.",
            )
        return message

    def node(
        self, op: str, inputs: Sequence[ir.Value], shape: Shape, *, suffix: str = "", **attributes: Any
    ) -> ir.Value:
        """A node with one output, named as the layer is; `suffix` for one that only helps."""
        return self.graph.nodes(op, self.name + suffix, inputs, [shape], **attributes)[0]

    def number(self, value: float, suffix: str) -> ir.Value:
        return self.graph.initializer(self.name + suffix, ir.Tensor(np.array(value, np.float32)))

    def whole(self, values: Iterable[int], suffix: str) -> ir.Value:
        return self.graph.initializer(self.name + suffix, ir.Tensor(np.array(list(values), np.int64)))

    def next_blob(self, shape: Sequence[int]) -> Blob | None:
        """The next stored blob, as long as it fits; None when the layer has none at all."""
        index, self._taken = self._taken, self._taken + 1
        if not self.stored:
            return None
        if index >= len(self.stored):
            raise Fault(f"it needs more blobs of weights than are stored: {len(self.stored)}.", _OTHER)
        blob = self.stored[index]
        if not blob.fits(tuple(shape)):
            raise Fault(f"its weights are {written(blob.shape)}, and {written(tuple(shape))} are needed.", _OTHER)
        return blob

    def weight(
        self, role: str, shape: Sequence[int], fill: float | None, *, as_shape: Sequence[int] | None = None
    ) -> ir.Value:
        """The next blob, as `NAME.role`. Without a file: all `fill`, or random where that is None.

        `shape` is the blob's; the weight takes `as_shape` when that is given, with as many values.
        """
        total = math.prod(shape)
        if not 0 < total <= LARGEST:
            raise Fault(f"its weights of {written(tuple(shape))} are larger than a blob can be.")
        shared = self.layer.shared(self._taken)
        blob = self.next_blob(shape)
        size = tuple(shape if as_shape is None else as_shape)
        if shared and shared in self.graph.shared:
            return self._again(shared, size)
        tensor = _made_up(f"{self.name}.{role}", size, fill) if blob is None else blob.tensor(role, size)
        value = self.initializer(role, tensor)
        if shared:
            self.graph.shared[shared] = value
        return value

    def initializer(self, role: str, tensor: ir.TensorProtocol) -> ir.Value:
        """One of the layer's weights, as `NAME.role`."""
        value = self.graph.initializer(f"{self.name}.{role}", tensor)
        self._weights.append(value)
        return value

    def _again(self, shared: str, size: tuple[int, ...]) -> ir.Value:
        value = self.graph.shared[shared]
        if self.graph.shape(value) != size:
            raise Fault(f"it shares “{shortened(shared)}” with a layer whose weights have another size.")
        return value

    def done(self) -> None:
        """Every stored blob must have found its place."""
        if self.stored and self._taken != len(self.stored):
            raise Fault(f"it needs fewer blobs of weights than are stored: {len(self.stored)}.", _OTHER)
        if self.stored:
            self.graph.used.add(self.layer.name)
        elif self._taken:
            self.graph.made_up[self.name] = self._weights


_OTHER = "The .caffemodel belongs to another network, or to another version of this one."


def _made_up(name: str, shape: tuple[int, ...], fill: float | None) -> ir.TensorProtocol:
    """A weight that is made when it is asked for: `fill`, or normal values of variance 2 / fan-in (He et al. 2015)."""

    def make() -> ir.Tensor[np.ndarray]:
        if fill is not None:
            return ir.Tensor(np.full(shape, fill, np.float32), name=name)
        values = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype=np.float32)
        values *= np.float32(math.sqrt(2 / max(1, math.prod(shape[1:]))))
        return ir.Tensor(values, name=name)

    cache = math.prod(shape) < KEEP_BELOW
    return ir.LazyTensor(make, ir.DataType.FLOAT, ir.Shape(shape), name=name, cache=cache)


def count(sizes: Iterable[int | str]) -> int:
    """The product of sizes. Raises BatchMixed when the open batch is among them."""
    return math.prod(fixed(size) for size in sizes)


def fixed(size: int | str) -> int:
    if isinstance(size, str):
        raise BatchMixed
    return size


def axis_of(shape: Shape, axis: int) -> int:
    """An axis counted from the start; Caffe lets −1 be the last. Raises Fault when there is none such."""
    if not -len(shape) <= axis < len(shape):
        raise Fault(f"it works on axis {axis} of a blob with {len(shape)} axes.")
    return axis % len(shape)
