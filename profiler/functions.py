"""Functions that a model brings along: each call replaced by what it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import onnx_ir as ir

from profiler.errors import BadInput
from profiler.malformed import SIGNS
from profiler.shapes import subgraphs

MOST_NODES = 200_000  # functions that call functions twice each grow like 2 to their number
CALL, OWN = "netbonsai.call.", "netbonsai.name"  # notes on nodes while they are moved
Identifier = tuple[str, str, str]


def inlined(model: ir.Model, *, exact: bool = True) -> ir.Model:
    """The model without functions, a copy if it had any; nodes from within are named `CALL/NAME`, nested ones too.

    Exact: what cannot be replaced without changing what it does (a function written for another opset) stays a call,
    as an operator of the function's name. Otherwise it is replaced all the same: good enough for counting.
    Raises BadInput when functions call each other in a circle, or would grow beyond any network.
    """
    if not model.functions:
        return model
    _check_growth(model)
    copy = model.clone()
    for function in copy.functions.values():
        for domain, version in copy.opset_imports.items():
            if not exact and domain in function.opset_imports:
                function.opset_imports[domain] = version
    levels = _levels(copy)
    _note_names(copy, levels)
    from onnx_ir.passes.common import InlinePass

    try:
        InlinePass()(copy)
    except (*SIGNS, ir.passes.InvariantError):  # another opset, a function that takes graphs
        return model
    _take_names(copy)
    return copy


def _calls(model: ir.Model, graph: ir.Graph) -> Iterator[ir.Node]:
    for node in graph:
        if node.op_identifier() in model.functions:
            yield node
        for inner in subgraphs(node):
            yield from _calls(model, inner)


def _size(graph: ir.Graph) -> int:
    return sum(1 + sum(map(_size, subgraphs(node))) for node in graph)


def _levels(model: ir.Model) -> dict[Identifier, int]:
    """How deep each function lies below the main graph, by its longest chain of calls."""
    calls = {name: [node.op_identifier() for node in _calls(model, f.graph)] for name, f in model.functions.items()}
    levels: dict[Identifier, int] = {}
    waiting = Counter(callee for callees in calls.values() for callee in set(callees))
    free = [name for name in calls if not waiting[name]]
    while free:
        name = free.pop()
        levels.setdefault(name, 1)
        for callee in set(calls[name]):
            levels[callee] = max(levels.get(callee, 1), levels[name] + 1)
            waiting[callee] -= 1
            if not waiting[callee]:
                free.append(callee)
    if any(count > 0 for count in waiting.values()):
        names = ", ".join(f"“{name[1]}”" for name, count in sorted(waiting.items()) if count > 0)
        raise BadInput(
            "The network’s functions call each other in a circle.", f"They are: {names}.", "Export it again."
        )
    return levels


def _check_growth(model: ir.Model) -> None:
    """How many nodes there would be, counted without making them."""
    levels = _levels(model)
    sizes: dict[Identifier, int] = {}
    for name in sorted(levels, key=lambda name: -levels[name]):
        graph = model.functions[name].graph
        sizes[name] = _size(graph) + sum(sizes[node.op_identifier()] for node in _calls(model, graph))
    whole = _size(model.graph) + sum(sizes[node.op_identifier()] for node in _calls(model, model.graph))
    if whole > MOST_NODES:
        raise BadInput(
            "The network’s functions unfold to more than can be looked at.",
            f"They come to {whole:,} nodes; the limit is {MOST_NODES:,}.",
        )


def _note_names(model: ir.Model, levels: dict[Identifier, int]) -> None:
    """Nodes take over the notes of the call they come from, but not those they have: so each level has its own."""
    for node in _calls(model, model.graph):
        node.metadata_props[f"{CALL}0"] = node.name or node.op_type
    for identifier, function in model.functions.items():
        level = levels[identifier]
        for index, node in enumerate(function.graph):
            node.metadata_props[OWN] = node.name or f"{node.op_type}_{index}"
        for node in _calls(model, function.graph):
            node.metadata_props[f"{CALL}{level}"] = node.metadata_props.get(OWN) or node.name or node.op_type


def _take_names(model: ir.Model) -> None:
    taken = {node.name for node in model.graph if OWN not in node.metadata_props}
    for node in model.graph:
        own = node.metadata_props.pop(OWN, None)
        calls = sorted((int(key.removeprefix(CALL)), key) for key in node.metadata_props if key.startswith(CALL))
        names = [node.metadata_props.pop(key) for _, key in calls]
        if own is None:
            continue
        node.name = base = "/".join((*names, own))
        count = 1
        while node.name in taken:
            count += 1
            node.name = f"{base}_{count}"
        taken.add(node.name)
    for graph in model.graph.subgraphs():
        for node in graph:
            for key in [key for key in node.metadata_props if key == OWN or key.startswith(CALL)]:
                del node.metadata_props[key]
