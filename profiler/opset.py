"""A network for an older runtime: the same function in an older opset, exactly, or refused by name.

Opset by opset, each operator is relabelled where only types were added, written as it was where its meaning moved, and
written out as the standard's own formula where the older opset does not have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import onnx
import onnx.checker
import onnx.helper
import onnx_ir as ir
from onnx_ir.passes.common import LiftConstantsToInitializersPass

from profiler import shapes
from profiler.errors import BadInput
from profiler.functions import inlined
from profiler.lowering.change import Change, Refused
from profiler.lowering.functions import expand
from profiler.lowering.relabel import relabel, schema
from profiler.lowering.rules import RULES
from profiler.network import Network, name_nodes
from profiler.plumbing import settle

OLDEST, OLDEST_IR = 9, 4
ONNX_DOMAIN = ("", "ai.onnx")
SHOWN = 6  # refusals written out


def _ir_of_opsets() -> dict[int, int]:
    """From the table of ONNX's own releases; of several releases of one opset the newest IR is taken."""
    table: dict[int, int] = {}
    for release in onnx.helper.VERSION_TABLE:
        table[int(release[2])] = max(int(release[1]), table.get(int(release[2]), 0))
    return table


IR_OF_OPSET: Mapping[int, int] = _ir_of_opsets()
NEWEST = max(IR_OF_OPSET)
# ONNX Runtime's releases and the newest opset that each loads (its docs/Versioning.md); the IR is that of the ONNX
# release it was built with.
OPSET_OF_RUNTIME: Mapping[str, int] = {
    "1.4": 12, "1.5": 12, "1.6": 13, "1.7": 13, "1.8": 14, "1.9": 15, "1.10": 15, "1.11": 16, "1.12": 17, "1.13": 17,
    "1.14": 18, "1.15": 19, "1.16": 19, "1.17": 20, "1.18": 21, "1.19": 21,
}  # fmt: skip
# What an IR version brought: types of values that no older one knows.
IR_OF_TYPE: Mapping[int, tuple[str, ...]] = {
    9: ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"),
    10: ("UINT4", "INT4"),
    11: ("FLOAT4E2M1",),
    12: ("FLOAT8E8M0",),
    13: ("UINT2", "INT2"),
}


@dataclass(frozen=True)
class Lowering:
    """A lowered network. `rewritten` and `formulas` name the layers that are now written in another way; formulas are
    exact as mathematics, and rounded where the operator's own kernel may round otherwise.
    """

    network: Network
    rewritten: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()


@dataclass
class _Work:
    model: ir.Model
    taken: set[str]
    refused: dict[ir.Node, str] = field(default_factory=dict[ir.Node, str])
    oldest: int = 0  # the opset that refusals leave
    rewritten: list[str] = field(default_factory=list[str])
    formulas: list[str] = field(default_factory=list[str])


def lowered(network: Network, opset: int = 13, ir_version: int = 8) -> Network:
    """The network in an opset and IR version no newer than these; what is older already stays as it is.

    Raises BadInput naming the layers, operators and attributes that have no exact form there.
    """
    return lowering(network, opset, ir_version).network


def lowering(network: Network, opset: int = 13, ir_version: int = 8) -> Lowering:
    """`lowered`, with the names of the layers that had to be written in another way."""
    _check_wanted(network, opset, ir_version)
    if network.opset <= opset and network.model.ir_version <= ir_version:
        return Lowering(network)
    model = inlined(network.edit())
    name_nodes(model)
    work = _Work(model, _names(model))
    _infer(model)
    if network.opset > opset:
        _lower(work, network.opset, opset)
    if work.refused:
        raise _refusal(network, work, opset)
    _lower_ir(network, model, ir_version)
    if network.opset > opset:
        _check(network, model, opset)
    return Lowering(
        Network(model, name=network.name, path=network.path, input_recipe=network.input_recipe),
        tuple(dict.fromkeys(work.rewritten)),
        tuple(dict.fromkeys(work.formulas)),
    )


def _check_wanted(network: Network, opset: int, ir_version: int) -> None:
    if not OLDEST <= opset <= NEWEST:
        raise BadInput(f"{opset} is no opset that NetBonsai writes.", fix=f"Choose one from {OLDEST} to {NEWEST}.")
    if ir_version < OLDEST_IR:
        raise BadInput(f"{ir_version} is no IR version that NetBonsai writes.", fix=f"Choose {OLDEST_IR} or newer.")
    if network.opset > NEWEST:
        raise BadInput(
            f"“{network.name}” uses opset {network.opset}.",
            f"The onnx package here (version {onnx.__version__}) knows opsets up to {NEWEST}.",
            "Install a newer one.",
        )


def _names(model: ir.Model) -> set[str]:
    found: set[str] = set()
    for graph in model.graphs():
        found |= {value.name or "" for value in (*graph.inputs, *graph.initializers.values())}
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        found |= {node.name or "", *(value.name or "" for value in node.outputs)}
    return found


def _lower(work: _Work, start: int, target: int) -> None:
    for node in list(_nodes(work.model)):
        if node.domain not in ONNX_DOMAIN:
            work.refused[node] = "an operator that is not ONNX’s own"
            work.oldest = start
    for version in range(start, target, -1):
        _set_opset(work.model, version)
        while made := _write_out(work, version):
            _infer(work.model)
            _work_out(work.model, made)
        changed = [_step(work, node, version) for node in _of_version(work, version)]
        _set_opset(work.model, version - 1)
        if any(changed):
            _infer(work.model)


def _infer(model: ir.Model) -> None:
    """Shapes, also behind sizes that the graph works out from its Constant nodes; those stay nodes."""
    shapes.infer(model)
    unknown = [value for node in model.graph for value in node.outputs if value.shape is None and value.name]
    if not unknown:
        return
    copy = model.clone()
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(copy)
    shapes.infer(copy)
    found = {value.name: value for node in copy.graph for value in node.outputs}
    for value in unknown:
        other = found.get(value.name)
        if other is not None and other.shape is not None:
            value.shape = ir.Shape(list(other.shape))
            value.type = value.type if value.type is not None else other.type


def _nodes(model: ir.Model) -> Iterator[ir.Node]:
    return iter(ir.traversal.RecursiveGraphIterator(model.graph))


def _of_version(work: _Work, version: int) -> list[ir.Node]:
    """The nodes whose operator this opset changed or brought."""
    found: list[ir.Node] = []
    for node in _nodes(work.model):
        known = schema(node.op_type, version) if node.domain in ONNX_DOMAIN and node not in work.refused else None
        if known is not None and known.since_version == version:
            found.append(node)
    return found


def _write_out(work: _Work, version: int) -> list[ir.Node]:
    """Write out, as formulas, the operators that the opset before did not have; the nodes of the formulas."""
    made: list[ir.Node] = []
    for node in _of_version(work, version):
        if (node.op_type, version) in RULES or schema(node.op_type, version - 1) is not None:
            continue
        name = node.name or ""
        try:
            made += expand(Change(node, version, work.taken))
        except Refused as reason:
            _refuse(work, node, version, reason)
            continue
        work.formulas.append(name)
    return made


def _work_out(model: ir.Model, made: list[ir.Node]) -> None:
    """A formula's own sizes and axes, where they are known now: older opsets want them as numbers."""
    for node in made:
        if node.graph is model.graph:
            settle(model, node)


def _step(work: _Work, node: ir.Node, version: int) -> bool:
    """Take one node to the opset before; True when it is written in another way now."""
    if not _in_graph(node):  # a Constant that a neighbour took in
        return False
    change, name = Change(node, version, work.taken), node.name or ""
    rule = RULES.get((node.op_type, version))
    try:
        if rule is not None:
            rule(change)
        if _in_graph(node):
            relabel(change)
    except Refused as reason:
        _refuse(work, node, version, reason)
        return False
    if rule is not None and not _in_graph(node):
        work.rewritten.append(name)
    return rule is not None


def _in_graph(node: ir.Node) -> bool:
    return node.graph is not None


def _refuse(work: _Work, node: ir.Node, version: int, reason: Refused) -> None:
    work.refused[node] = str(reason)
    work.oldest = max(work.oldest, version)


def _set_opset(model: ir.Model, version: int) -> None:
    for graph in model.graphs():
        if "ai.onnx" in graph.opset_imports:
            del graph.opset_imports["ai.onnx"]
        if graph is model.graph or "" in graph.opset_imports:
            graph.opset_imports[""] = version


def _refusal(network: Network, work: _Work, opset: int) -> BadInput:
    told = [
        f"“{node.name or node.outputs[0].name}” ({node.op_type}): {reason}" for node, reason in work.refused.items()
    ]
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return BadInput(
        f"“{network.name}” has no exact form in opset {opset}.",
        f"{'; '.join(told[:SHOWN])}{more}.",
        f"The oldest that it has is opset {work.oldest}." if work.oldest < network.opset else "Keep its own opset.",
    )


def _lower_ir(network: Network, model: ir.Model, ir_version: int) -> None:
    """Raises BadInput on a type of values that the IR version does not know."""
    if model.ir_version <= ir_version:
        return
    newer = {name: version for version, names in IR_OF_TYPE.items() if version > ir_version for name in names}
    values = [*model.graph.inputs, *model.graph.initializers.values()]
    values += [value for node in _nodes(model) for value in node.outputs]
    for value in values:
        if value.dtype is not None and value.dtype.name in newer:
            raise BadInput(
                f"“{network.name}” has no exact form in IR version {ir_version}.",
                f"“{value.name}” holds values of type {value.dtype.name.lower()}.",
                f"Choose IR version {newer[value.dtype.name]} or newer.",
            )
    if ir_version < 10:  # notes on graphs, nodes and values came with it; those on the model are older
        for graph in model.graphs():
            graph.metadata_props.clear()
        for node in _nodes(model):
            for noted in (node, *node.outputs):
                noted.metadata_props.clear()
        for value in values:
            value.metadata_props.clear()
    model.ir_version = ir_version


def _check(network: Network, model: ir.Model, opset: int) -> None:
    """ONNX's own checker on every node. Raises BadInput with what it says: better no file than a wrong one.

    A node with a graph inside is left out, for it may read values that its own text does not tell; inner ones are not.
    """
    context = onnx.checker.C.CheckerContext()
    context.ir_version = model.ir_version
    context.opset_imports = {"": opset}
    graphs = (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
    for node in _nodes(model):
        if any(attribute.type in graphs for attribute in node.attributes.values()):
            continue
        try:
            onnx.checker.check_node(ir.serde.serialize_node(node), context)
        except onnx.checker.ValidationError as error:
            first = str(error).strip().splitlines()[0]
            raise BadInput(
                f"“{network.name}” has no exact form in opset {opset}.", f"“{node.name}” ({node.op_type}): {first}"
            ) from error
