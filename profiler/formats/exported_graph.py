"""What torch's exporter writes, made a network that reads like its source: names, no spare parts, open batch."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from math import prod
from typing import cast

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import IdentityEliminationPass, LiftConstantsToInitializersPass, RemoveUnusedNodesPass

from profiler import shapes

SCOPES = "pkg.torch.onnx.name_scopes"  # module paths from the outermost to the operator's own name
GROWS = frozenset(("ConstantOfShape", "Expand", "OneHot", "Pad", "Range", "Resize", "Tile"))
BATCH = "N"
FEW = 4096  # values that may be worked out beforehand


def tidied(model: ir.Model, weights: frozenset[str]) -> None:
    """In place: plumbing worked out, biases that the source has not left out, layers named after their modules.

    `weights`: the names of the program's own tensors, which are never folded into others.
    """
    from onnxscript.optimizer import fold_constants  # pyright: ignore[reportUnknownVariableType]

    def may_fold(node: ir.Node) -> bool | None:
        if any(value is not None and value.name in weights and node.op_type != "Shape" for value in node.inputs):
            return False
        return _stays_small(node) if node.op_type in GROWS else None

    fold_constants(model, output_size_limit=FEW, should_fold=may_fold)
    IdentityEliminationPass()(model)
    for node in list(model.graph):
        if node.op_type in ("Conv", "ConvTranspose"):
            _drop_zero_bias(node, weights)
        elif node.op_type == "Reshape":
            _settle_reshape(model, node)
        elif node.op_type == "ReduceMean" and _is_global_pool(node):
            _make_global_pool(model, node)
    RemoveUnusedNodesPass()(model)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    _name_layers(model)
    _name_batch(model)
    _forget_source(model)


def _stays_small(node: ir.Node) -> bool | None:
    """A few numbers can ask for many values: only a known, small size is worked out."""
    target = ir.convenience.get_const_tensor(node.inputs[-1]) if node.inputs and node.inputs[-1] is not None else None
    if node.op_type not in ("ConstantOfShape", "Expand") or target is None or target.size > 8:
        return False
    return None if prod(int(size) for size in target.numpy().reshape(-1)) <= FEW else False


def _drop_zero_bias(node: ir.Node, weights: frozenset[str]) -> None:
    """The exporter gives every convolution a bias; where the source has none, it is made of zeros."""
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if bias is None or bias.name in weights:
        return
    tensor = ir.convenience.get_const_tensor(bias)
    if tensor is not None and tensor.size <= FEW and not np.any(tensor.numpy()):
        node.resize_inputs(2)


def _settle_reshape(model: ir.Model, node: ir.Node) -> None:
    """A size worked out from the input's own while it runs becomes −1, where it is the only one that is open."""
    target, made = node.inputs[1], node.outputs[0].shape
    if target is None or made is None or ir.convenience.get_const_tensor(target) is not None:
        return
    sizes = [size if isinstance(size, int) else -1 for size in made]
    if sizes.count(-1) > 1 or 0 in sizes:
        return
    name = f"{node.outputs[0].name}_shape"
    tensor = ir.Tensor(np.array(sizes, np.int64), name=name)
    value = ir.Value(name=name, shape=tensor.shape, type=ir.TensorType(ir.DataType.INT64), const_value=tensor)
    model.graph.register_initializer(value)
    node.replace_input_with(1, value)


def _is_global_pool(node: ir.Node) -> bool:
    """The mean over the whole picture, whose axes stay as 1 × 1: what AdaptiveAvgPool2d(1) becomes."""
    x, axes = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    tensor = ir.convenience.get_const_tensor(axes) if axes is not None else None
    if (
        x is None
        or x.shape is None
        or len(x.shape) != 4
        or tensor is None
        or not node.attributes.get_int("keepdims", 1)
    ):
        return False
    return sorted(int(axis) % 4 for axis in tensor.numpy().reshape(-1)) == [2, 3]


def _make_global_pool(model: ir.Model, node: ir.Node) -> None:
    pool = ir.node("GlobalAveragePool", [node.inputs[0]], name=node.name)
    pool.metadata_props.update(node.metadata_props)
    before, after = node.outputs[0], pool.outputs[0]
    after.name, after.type, after.shape = before.name, before.type, before.shape
    ir.convenience.replace_nodes_and_values(model.graph, node, [node], [pool], [before], [after])


def _name_batch(model: ir.Model) -> None:
    """torch calls an open batch s31 or the like."""
    firsts = {shapes.dims(value.shape)[0] for value in shapes.real_inputs(model) if value.shape}
    if len(firsts) != 1 or not isinstance(batch := firsts.pop(), str):
        return
    for value in (*model.graph.inputs, *(value for node in model.graph for value in node.outputs)):
        if value.shape is not None and batch in shapes.dims(value.shape):
            value.shape = ir.Shape([BATCH if size == batch else size for size in shapes.dims(value.shape)])


def _name_layers(model: ir.Model) -> None:
    """`layer1.0.conv1` where a module is one operator; `layer1.0.add_2` for what a module does itself."""
    places = {node: _place(node) for node in model.graph}
    paths = {path for path, _ in places.values()}
    inside: defaultdict[str, list[ir.Node]] = defaultdict(list)
    for node, (path, _) in places.items():
        inside[path].append(node)
    outer = {path.rpartition(".")[0] for path in paths} | {""}
    outer |= {up for path in paths for up in _above(path)}
    taken: Counter[str] = Counter()
    for node, (path, own) in places.items():
        alike = len({each.op_type for each in inside[path]}) == 1
        name = path if path not in outer and alike else f"{path}.{own}".strip(".")
        taken[name] += 1
        node.name = name if taken[name] == 1 else f"{name}_{taken[name]}"


def _above(path: str) -> list[str]:
    """`a.b.c` lies in `a.b` and in `a`."""
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _place(node: ir.Node) -> tuple[str, str]:
    """The path of the module that an operator stands in, and the operator's own name."""
    own = re.sub(r"_\d+$", "", (node.name or node.op_type).removeprefix("node_"))
    try:
        scopes = ast.literal_eval(node.metadata_props.get(SCOPES, "[]"))
    except (SyntaxError, ValueError):
        scopes = []
    names = [str(scope) for scope in cast("list[object]", scopes)] if isinstance(scopes, list) else []
    if len(names) < 2 or names[-2].startswith("_empty"):
        return "", own
    return names[-2], re.sub(r"_\d+$", "", names[-1])


def _forget_source(model: ir.Model) -> None:
    """Paths and lines of the program that exported it, and names that would make equal networks differ."""
    model.metadata_props.clear()
    model.graph.metadata_props.clear()
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        node.metadata_props.clear()
        node.doc_string = None
        for value in node.outputs:
            value.metadata_props.clear()
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()
    shapes.infer(model)
