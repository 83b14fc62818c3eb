"""What once was an attribute and became an input (axes, sizes, limits), put back where it was."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from profiler.lowering.change import Change, Refused

UNREDUCED = frozenset(("ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum"))  # of one value: itself


def numbers(values: np.ndarray) -> list[int]:
    return [int(each) for each in values.reshape(-1)]


def to_attribute(change: Change, index: int, name: str, what: str) -> None:
    """A stored input of whole numbers becomes an attribute; all inputs from it on go."""
    found = change.needed(index, what)
    change.drop_inputs(index)
    if found is not None:
        change.set(name, numbers(found))


def reduce_axes(change: Change) -> None:
    """Reduce* in 18, ReduceSum in 13: axes. None at all reduces everything, unless `noop_with_empty_axes`."""
    op = change.node.op_type
    keeps = change.whole("noop_with_empty_axes")
    axes = change.needed(1, "its axes")
    if keeps and (axes is None or axes.size == 0):
        if op not in UNREDUCED:
            raise Refused("noop_with_empty_axes = 1")
        change.replace([change.made("Identity", [change.input(0)])])
        return
    change.drop("noop_with_empty_axes")
    change.drop_inputs(1)
    if axes is not None and axes.size:
        change.set("axes", numbers(axes))


def squeeze_axes(change: Change) -> None:
    to_attribute(change, 1, "axes", "its axes")


def split_sizes(change: Change) -> None:
    to_attribute(change, 1, "split", "its sizes")


def split_count(change: Change) -> None:
    """Split in 18 can be given a number of parts, the last of which may be smaller."""
    parts = change.whole("num_outputs")
    change.drop("num_outputs")
    if change.input(1) is not None or not parts:
        return
    size = change.size(change.whole("axis"))
    if size is None:
        raise Refused(f"num_outputs = {parts}, of a length that is not known")
    part = -(-size // parts)
    sizes = [part] * (parts - 1) + [size - part * (parts - 1)]
    change.put_input(1, change.stored("split", np.array(sizes, np.int64)))


def clip_limits(change: Change) -> None:
    """Clip before 11: limits are float attributes."""
    limits = {name: change.needed(index, "its limits") for index, name in ((1, "min"), (2, "max"))}
    change.drop_inputs(1)
    for name, value in limits.items():
        if value is not None:
            change.set(name, float(value.reshape(-1)[0]))


def dropout_ratio(change: Change) -> None:
    """Dropout before 12: a ratio, and no training; what its mask then says was never laid down."""
    dropout_mask(change)
    ratio, training = change.needed(1, "its ratio"), change.needed(2, "whether it is training")
    if training is not None and bool(training.reshape(-1)[0]):
        raise Refused("training_mode = 1")
    change.drop_inputs(1)
    change.drop("seed")
    if ratio is not None:
        change.set("ratio", float(ratio.reshape(-1)[0]))


def dropout_mask(change: Change) -> None:
    """Dropout before 10 gives its mask as numbers; here it gives none."""
    mask = change.node.outputs[1] if len(change.node.outputs) > 1 else None
    if mask is not None and (mask.uses() or mask.is_graph_output()):
        raise Refused("its mask")
    change.node.resize_outputs(1)


def slice_bounds(change: Change) -> None:
    """Slice before 10: starts, ends and axes are attributes, every step is 1."""
    steps = change.needed(4, "its steps")
    if steps is not None and (steps != 1).any():
        raise Refused(f"steps = {numbers(steps)}")
    given = [change.needed(index, "its bounds") for index in (1, 2, 3)]
    change.drop_inputs(1)
    for name, values in zip(("starts", "ends", "axes"), given, strict=True):
        if values is not None:
            found = numbers(values)
            change.set(name, positive(change, found) if name == "axes" else found)


def top_k(change: Change) -> None:
    """TopK before 10: how many is an attribute."""
    count = change.needed(1, "how many")
    change.drop_inputs(1)
    if count is not None:
        change.set("k", int(count.reshape(-1)[0]))


def pad_axes(change: Change) -> None:
    """Pad before 18 has pads for every axis."""
    axes = change.needed(3, "its axes")
    if axes is None:
        return
    pads, rank = change.needed(1, "its pads"), change.rank()
    if rank is None or pads is None:
        raise Refused("axes of an input whose rank is not known")
    half = pads.size // 2
    whole = np.zeros(2 * rank, np.int64)
    for place, axis in enumerate(numbers(axes)):
        whole[axis % rank] = pads.reshape(-1)[place]
        whole[rank + axis % rank] = pads.reshape(-1)[half + place]
    change.drop_inputs(3)
    change.put_input(1, change.stored("pads", whole))


def pad_amounts(change: Change) -> None:
    """Pad before 11: pads and value are attributes."""
    pads, value = change.needed(1, "its pads"), change.needed(2, "its value")
    change.drop_inputs(1)
    if pads is not None:
        change.set("pads", numbers(pads))
    if value is not None and value.size:
        change.set("value", float(value.reshape(-1)[0]))


def dft_axis(change: Change) -> None:
    """DFT before 20: the axis is an attribute, and 1 where none is said."""
    axis, rank = change.needed(2, "its axis"), change.rank()
    found = -2 if axis is None else int(axis.reshape(-1)[0])
    if found < 0 and rank is None:
        raise Refused("an axis from the back, of an input whose rank is not known")
    change.drop_inputs(2)
    change.set("axis", found if found >= 0 else found + (rank or 0))


def constant_value(change: Change) -> None:
    """Constant before 12 holds a tensor."""
    for name, kind in (
        ("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64), ("value_ints", np.int64)
    ):  # fmt: skip
        if name in change.node.attributes:
            values = np.array(change.node.attributes[name].value, kind)
            change.drop(name)
            change.node.attributes["value"] = ir.AttrTensor("value", ir.Tensor(values))


def positive(change: Change, axes: list[int], extra: int = 0) -> list[int]:
    """Axes counted from the front. `extra`: axes that the operator adds."""
    if all(axis >= 0 for axis in axes):
        return axes
    rank = change.rank()
    if rank is None:
        raise Refused("an axis from the back, of an input whose rank is not known")
    return [axis % (rank + extra) for axis in axes]


def axis_from_front(change: Change) -> None:
    """Before 11, an axis is counted from the front."""
    found = change.node.attributes.get("axis")
    if found is not None:
        change.set("axis", positive(change, [change.whole("axis")])[0])


def axes_from_front(change: Change) -> None:
    axes = change.wholes("axes")
    if axes is not None:
        extra = len(axes) if change.node.op_type == "Unsqueeze" else 0
        change.set("axes", positive(change, axes, extra))


def gather_from_front(change: Change) -> None:
    """Gather before 11: no index counts from the back either."""
    axis_from_front(change)
    indices = change.needed(1, "its indices, which may count from the back,")
    size = change.size(change.whole("axis"))
    if indices is not None and (indices < 0).any():
        if size is None:
            raise Refused("an index from the back, of a length that is not known")
        change.put_input(1, change.stored("indices", np.where(indices < 0, indices + size, indices)))
