"""The fusion of a network: ONNX Runtime's own graph set beside the file's, kernel by kernel and byte by byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

import onnx_ir as ir

from profiler import malformed, shapes
from profiler.costs import check_open, prepared, tensor_bytes
from profiler.functions import inlined
from profiler.fusion import Fusion, Kernel
from profiler.layer import Reader, operator_name
from profiler.network import Network
from profiler.optimised import optimised
from profiler.siblings import siblings
from profiler.trace import Outline, covered_by, outline
from profiler.traffic import node_bytes, total

NCHWC = "com.microsoft.nchwc"
BLOCKS = (16, 8, 4)  # channels that lie together in memory, by the processor's vectors
REORDERS = frozenset(("ReorderInput", "ReorderOutput"))
NO_EFFECT = frozenset(("Dropout", "Identity"))  # nobody takes their work over: there is none
SAME_SIZE = REORDERS | {"Transpose"}


def fuse(network: Network) -> Fusion:
    """See `profiler.fusion.fusion`."""
    check_open(network)
    with malformed.told(f"“{network.name}” could not be looked at."):
        model = prepared(network)
        before = _before(model)
        told = _without_functions(network)
        found = optimised(told)
        after = _after(found.model, model, outline(told))
    did = {layer for kernel in after for layer in kernel.covers}
    return Fusion(
        network=network.name,
        before=before,
        after=after,
        siblings=siblings(model),
        traffic_before_bytes=_traffic(before),
        traffic_after_bytes=_traffic(after),
        runtime=found.runtime,
        vanished=tuple(kernel.name for kernel in before if kernel.name not in did),
        added=tuple(kernel.name for kernel in after if not kernel.covers),
    )


def _without_functions(network: Network) -> Network:
    """Calls of the model's own functions replaced by what they do, under the names that counting gives: a runtime does
    the same, under names of its own."""
    if not network.model.functions:
        return network
    return Network(inlined(network.edit()), name=network.name, path=network.path)


def _traffic(kernels: Iterable[Kernel]) -> int | None:
    return total([kernel.traffic_bytes for kernel in kernels])


def _before(model: ir.Model) -> tuple[Kernel, ...]:
    """One kernel for each node of the file that has anything to do when it runs."""
    reader = Reader(model)
    made: list[Kernel] = []
    for node in model.graph:
        if not reader.is_folded(node):
            read, written, stored = node_bytes(node, _value_bytes)
            name = node.name or ""
            made.append(Kernel(name, operator_name(node), (name,), read, written, stored))
    return tuple(made)


def _value_bytes(value: ir.Value) -> int | None:
    if value.const_value is not None:
        return value.const_value.nbytes
    return tensor_bytes(value)


def _after(graph: ir.Model, model: ir.Model, names: Outline) -> tuple[Kernel, ...]:
    nodes = list(graph.graph)
    called = [node.name or f"{node.op_type}_{place}" for place, node in enumerate(nodes)]
    covers = covered_by([(name, node.op_type) for name, node in zip(called, nodes, strict=True)], names)
    covers = _with_the_rest(nodes, covers, model)
    sizes = _Sizes(graph, model, dict(zip(nodes, covers, strict=True)))
    made: list[Kernel] = []
    for name, node, layers in zip(called, nodes, covers, strict=True):
        read, written, stored = node_bytes(node, sizes.bytes)
        made.append(Kernel(name, operator_name(node), layers, read, written, stored))
    return tuple(made)


class _Sizes:
    """Sizes of the values in the runtime's graph, most of which bear names of the file's graph.

    Values whose channels lie in blocks have no shape there: they are the file's, with the channels rounded up.
    """

    def __init__(self, graph: ir.Model, model: ir.Model, covers: Mapping[ir.Node, tuple[str, ...]]) -> None:
        self._model = {value.name: value for node in model.graph for value in node.outputs if value.name}
        self._model |= {value.name: value for value in model.graph.inputs if value.name}
        self._made = {node.name: node.outputs[0] for node in model.graph if node.outputs}
        self._covers = covers
        self._block = _block(graph)
        self._found: dict[ir.Value, int | None] = {}
        _bind_batch(graph, model)

    def bytes(self, value: ir.Value) -> int | None:
        if value not in self._found:
            self._found[value] = self._find(value)
        return self._found[value]

    def _find(self, value: ir.Value) -> int | None:
        if value.const_value is not None:
            return value.const_value.nbytes
        own = tensor_bytes(value)
        if own is not None:
            return own
        if value.name in self._model:
            return tensor_bytes(self._model[value.name])
        node = value.producer()
        if node is None:
            return None
        if node.op_type == "Transpose":
            return None if node.inputs[0] is None else self.bytes(node.inputs[0])
        source = node.inputs[0] if node.op_type in REORDERS else None
        like = source if source is not None else self._original(node)
        if like is None:
            return None
        return self._in_blocks(like) if self._is_blocked(node) else tensor_bytes(like)

    def _original(self, node: ir.Node) -> ir.Value | None:
        """The file's value that stands where this node writes: it is called after it, or covers its layer last."""
        named = self._model.get((node.name or "").removesuffix("_nchwc"))
        layers = self._covers.get(node, ())
        return named if named is not None else self._made.get(layers[-1]) if layers else None

    def _is_blocked(self, node: ir.Node) -> bool:
        """Elementwise operators take blocks as they come, under their own names."""
        inner = [value for value in node.inputs if value is not None and value.const_value is None]
        return node.domain == NCHWC or any(value.name not in self._model for value in inner)

    def _in_blocks(self, value: ir.Value) -> int | None:
        like = self._model.get(value.name or "", value)
        shape = shapes.known(like)
        if shape is None or len(shape) < 2 or like.dtype is None:
            return None
        channels = -(-shape[1] // self._block) * self._block
        return prod((shape[0], channels, *shape[2:])) * like.dtype.bitwidth // 8


def _block(graph: ir.Model) -> int:
    filters = [
        weight.shape[0]
        for node in graph.graph
        if node.domain == NCHWC and node.op_type == "Conv" and (weight := node.inputs[1]) is not None and weight.shape
    ]
    return next((block for block in BLOCKS if all(isinstance(t, int) and t % block == 0 for t in filters)), 1)


def _bind_batch(graph: ir.Model, model: ir.Model) -> None:
    """Put the sizes that the counted graph has for the inputs' open ones."""
    sized = {value.name: value for value in shapes.real_inputs(model)}
    symbols: dict[str, int] = {}
    for value in shapes.real_inputs(graph):
        counted = shapes.known(sized.get(value.name))
        if counted is not None and value.shape is not None and len(counted) == len(value.shape):
            pairs = zip(shapes.dims(value.shape), counted, strict=True)
            symbols |= {was: size for was, size in pairs if isinstance(was, str) and was != shapes.UNNAMED}
            value.shape = ir.Shape(counted)
    shapes.bind(graph, symbols)


def _with_the_rest(nodes: list[ir.Node], covers: list[tuple[str, ...]], model: ir.Model) -> list[tuple[str, ...]]:
    """Find, by the values that kernels write, who does the layers that no kernel's name led to.

    A kernel whose result is the file's value (reordered or not) does the layer that makes it; one that only feeds such
    a kernel does it with it: an operator that the runtime takes apart.
    """
    done = {layer for layers in covers for layer in layers}
    maker = {
        value.name: node.name or ""
        for node in model.graph
        if node.name not in done and node.op_type not in NO_EFFECT
        for value in node.outputs
    }
    result, led_to = list(covers), [tuple[str, ...]()] * len(nodes)
    place = {node: index for index, node in enumerate(nodes)}
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        does = [maker[value.name] for value in node.outputs if value.name in maker]
        if not does and not result[index]:
            readers = [place[use.node] for value in node.outputs for use in value.uses() if use.node in place]
            does = [layer for reader in readers for layer in led_to[reader] if layer not in done]
        led_to[index] = tuple(dict.fromkeys(does))
        if node.op_type not in SAME_SIZE:
            result[index] += tuple(layer for layer in led_to[index] if layer not in result[index])
    return result
