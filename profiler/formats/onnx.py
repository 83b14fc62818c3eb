"""ONNX files, read without touching their weights: each large one stays in the mapped file until it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError

from profiler import malformed
from profiler.errors import BadInput
from profiler.formats.onnx_model import Translator
from profiler.formats.onnx_skim import LeftOut, TooMuch, skimmed
from profiler.formats.onnx_tensors import Tensors, map_file, refused
from profiler.garbage import uncollected
from profiler.mapped import MappedFile
from profiler.network import Network, name_nodes, recipe_in
from profiler.shapes import without_words
from profiler.wire import WireError

MOST_TOLD = 5  # names of nodes in a message


def read_onnx(path: Path) -> Network:
    """The network in an ONNX file. Raises BadInput naming the file, what is wrong with it and what to try.

    Any opset opens, also one newer than the onnx package knows. Weights are mapped, wherever they lie: initializers,
    Constant nodes, subgraphs, functions, files beside it. A graph whose nodes are not in running order is put in order.
    """
    file = map_file(path)
    with malformed.told(f"“{path.name}” could not be opened."), uncollected():
        proto, left_out = _parse(file)
        tensors = Tensors(file, left_out)
        translator = Translator(path, tensors)
        model = translator.model(proto)
        name_nodes(model)
        if not translator.in_order:
            _put_in_order(path, model)
    # shape inference may begin from the file's own message where that has all that the model has, and nothing large
    whole = translator.in_order and translator.graphs == 1 and tensors.outlined
    if whole:
        without_words(proto)
    outline = proto.SerializeToString() if whole else None
    own = file if tensors.single else None
    return Network(model, name=path.stem, path=path, input_recipe=recipe_in(model), file=own, outline=outline)


def _parse(file: MappedFile) -> tuple[onnx.ModelProto, Mapping[str, LeftOut]]:
    try:
        message, left_out = skimmed(file.data)
        proto = onnx.ModelProto.FromString(message)
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
    return proto, left_out


def _not_onnx(file: MappedFile, error: WireError) -> BadInput:
    start = file.data[:64]
    if start.startswith(b"version https://git-lfs"):
        return refused(file.path, "It is a Git LFS pointer, not the network itself.", "Run git lfs pull.")
    if error.cut_short and start[:1] == b"\x08":  # every ONNX file begins with its IR version
        return refused(file.path, f"It is cut short: {len(file):,} bytes are not all of it.")
    return refused(file.path, "It is not an ONNX file.")


def _put_in_order(path: Path, model: ir.Model) -> None:
    """Each node behind those it reads. Raises BadInput when they cannot, naming the circle."""
    for graph in (model.graph, *(function.graph for function in model.functions.values())):
        try:
            graph.sort()
        except ValueError as error:
            names = [f"“{node.name or node.op_type}”" for node in _circle(graph)[:MOST_TOLD]]
            told = f": {' → '.join(names)}" if names else ""
            raise refused(path, f"Its graph runs in a circle{told}.", "Export it again.") from error


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
