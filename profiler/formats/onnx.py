"""ONNX files, read without touching their weights: each large one stays in the mapped file until it is looked at."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError

from profiler import malformed
from profiler.errors import BadInput
from profiler.formats.onnx_skim import TooMuch, skimmed
from profiler.formats.onnx_tensors import Tensors, map_file, refused
from profiler.garbage import uncollected
from profiler.mapped import MappedFile
from profiler.network import Network, name_nodes, recipe_in
from profiler.serial import BIG
from profiler.shapes import open_negative, subgraphs, within, without_words
from profiler.wire import WireError

MOST_TOLD = 5  # names of nodes in a message


def read_onnx(path: Path) -> Network:
    """The network in an ONNX file. Raises BadInput naming the file, what is wrong with it and what to try.

    Any opset opens, also one newer than the onnx package knows. Weights are mapped, wherever they lie: initializers,
    Constant nodes, subgraphs, functions, files beside it. A graph whose nodes are not in running order is put in order.
    """
    file = map_file(path)
    tensors = Tensors(file)
    with malformed.told(f"“{path.name}” could not be opened."), uncollected():
        proto = _parse(file, tensors.mark)
        _check_makers(path, proto.graph)
        tensors.check(proto)
        tensors.spread(proto)
        model = ir.from_proto(proto)
        every = [graph for top in (model.graph, *(f.graph for f in model.functions.values())) for graph in within(top)]
        _check_names(path, model, every)
        open_negative(every)
        _check_complete(path, every)
        tensors.place(every)
        name_nodes(model)
        as_written = _put_in_order(path, model)
    # shape inference may begin from the file's own message where that has all that the model has, and nothing large
    whole = as_written and tensors.single and len(every) == 1 and tensors.inside <= 2 * BIG
    if whole:
        without_words(proto)
    outline = proto.SerializeToString() if whole else None
    own = file if tensors.single else None
    return Network(model, name=path.stem, path=path, input_recipe=recipe_in(model), file=own, outline=outline)


def _parse(file: MappedFile, mark: str) -> onnx.ModelProto:
    try:
        proto = onnx.ModelProto.FromString(skimmed(file.data, mark))
    except TooMuch as error:
        raise refused(file.path, f"It {error}; no network has so many.") from error
    except WireError as error:
        raise _not_onnx(file, error) from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise refused(file.path, "It is not an ONNX file.") from error
    if not proto.HasField("graph"):
        raise refused(file.path, "It is not an ONNX file: there is no network in it.")
    if not proto.opset_import:
        raise refused(file.path, "It does not say which operators it uses: it may be cut short.")
    return proto


def _not_onnx(file: MappedFile, error: WireError) -> BadInput:
    start = file.data[:64]
    if start.startswith(b"version https://git-lfs"):
        return refused(file.path, "It is a Git LFS pointer, not the network itself.", "Run git lfs pull.")
    if error.cut_short and start[:1] == b"\x08":  # every ONNX file begins with its IR version
        return refused(file.path, f"It is cut short: {len(file):,} bytes are not all of it.")
    return refused(file.path, "It is not an ONNX file.")


def _check_makers(path: Path, graph: onnx.GraphProto) -> None:
    """Every value comes from one place only."""
    makers: dict[str, str] = {}
    for node in graph.node:
        for name in node.output:
            maker = node.name or node.op_type
            if name and name in makers:
                raise refused(path, f"Two nodes make the value “{name}”: “{makers[name]}” and “{maker}”.")
            makers[name] = maker


def _check_names(path: Path, model: ir.Model, every: list[ir.Graph]) -> None:
    """Names are text; what is no UTF-8 arrives as bytes."""
    names = chain(
        chain.from_iterable(model.functions),
        (value.name for graph in every for value in chain(graph.inputs, graph.initializers.values())),
        (name for graph in every for node in graph for name in (node.name, node.op_type, node.domain)),
        (value.name for graph in every for node in graph for value in node.outputs),
    )
    for name in names:
        if isinstance(name, bytes):
            raise refused(path, f"It has a name that is no text: {name[:32]!r}.")


def _check_complete(path: Path, every: list[ir.Graph]) -> None:
    """Every value that is read must come from somewhere."""
    for graph in every:
        for node in graph:
            for value in node.inputs:
                if value is not None and not _comes_from_somewhere(value):
                    reads = f"Node “{node.name or node.op_type}” reads “{value.name}”, which nothing makes."
                    raise refused(path, reads)
        for value in graph.outputs:
            if not _comes_from_somewhere(value):
                raise refused(path, f"Nothing makes its output “{value.name}”.")


def _comes_from_somewhere(value: ir.Value) -> bool:
    return value.producer() is not None or value.is_graph_input() or value.is_initializer()


def _put_in_order(path: Path, model: ir.Model) -> bool:
    """Each node behind those it reads; True when they were. Raises BadInput when they cannot, naming the circle."""
    were = True
    for graph in (model.graph, *(function.graph for function in model.functions.values())):
        if _in_order(graph, set()):
            continue
        try:
            were = False
            graph.sort()
        except ValueError as error:
            names = [f"“{node.name or node.op_type}”" for node in _circle(graph)[:MOST_TOLD]]
            told = f": {' → '.join(names)}" if names else ""
            raise refused(path, f"Its graph runs in a circle{told}.", "Export it again.") from error
    return were


def _in_order(graph: ir.Graph, seen: set[ir.Node]) -> bool:
    for node in graph:
        producers = (value.producer() for value in node.inputs if value is not None)
        if not all(producer is None or producer in seen for producer in producers):
            return False
        if not all(_in_order(inner, seen) for inner in subgraphs(node)):
            return False
        seen.add(node)
    return True


def _circle(graph: ir.Graph) -> list[ir.Node]:
    """Nodes each of which reads the one before it, the first the last; empty when the circle goes through subgraphs."""
    waiting = {node: set(node.predecessors()) for node in graph}
    free = [node for node, before in waiting.items() if not before]
    while free:
        done = free.pop()
        del waiting[done]
        for node in done.successors():
            if node in waiting and done in waiting[node]:
                waiting[node].discard(done)
                if not waiting[node]:
                    free.append(node)
    way: list[ir.Node] = []
    node = next(iter(waiting), None)
    while node is not None and node not in way:
        way.append(node)
        node = next((before for before in node.predecessors() if before in waiting), None)
    return way[way.index(node) :][::-1] if node is not None else []
