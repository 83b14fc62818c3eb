"""Resize: what its newer forms say, said in the older ones."""

from __future__ import annotations

import numpy as np

from profiler.lowering.change import Change, Refused


def resize_axes(change: Change) -> None:
    """Resize before 18: every axis is said, and nothing is kept in proportion or smoothed."""
    if change.whole("antialias"):
        raise Refused("antialias = 1")
    policy = change.text("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch" and change.input(3) is not None:
        raise Refused(f"keep_aspect_ratio_policy = {policy}")
    for name in ("antialias", "keep_aspect_ratio_policy"):
        change.drop(name)
    axes = change.wholes("axes")
    if axes is None:
        return
    rank = change.rank()
    if rank is None:
        raise Refused("axes of an input whose rank is not known")
    axes = [axis % rank for axis in axes]
    for index, what, usual in ((2, "scales", np.float32(1)), (3, "sizes", None)):
        _spread(change, axes, rank, index, what, usual)
    _spread_region(change, axes, rank)
    change.drop("axes")


def _spread(change: Change, axes: list[int], rank: int, index: int, what: str, usual: np.float32 | None) -> None:
    """Scales or sizes of some axes, for all of them."""
    given = change.needed(index, f"its {what}")
    if given is None or given.size == 0:
        return
    whole: list[float] = []
    for axis in range(rank):
        size = usual if usual is not None else change.size(axis)
        if axis in axes:
            size = given.reshape(-1)[axes.index(axis)]
        if size is None:
            raise Refused(f"{what} of some axes, and another’s length is not known")
        whole.append(float(size))
    change.put_input(index, change.stored(what, np.array(whole, given.dtype)))


def _spread_region(change: Change, axes: list[int], rank: int) -> None:
    region = change.needed(1, "its region")
    if region is None or region.size == 0:
        return
    whole = np.array([0.0] * rank + [1.0] * rank, region.dtype)
    for place, axis in enumerate(axes):
        whole[axis], whole[rank + axis] = region[place], region[len(axes) + place]
    change.put_input(1, change.stored("roi", whole))


def resize_inputs(change: Change) -> None:
    """Resize before 13 must be given a region and scales: empty ones where there are none."""
    for index, what in ((1, "roi"), (2, "scales")):
        if change.input(index) is None:
            change.put_input(index, change.stored(what, np.empty(0, np.float32)))


def resize_plain(change: Change) -> None:
    """Resize before 11 takes the nearest below, or goes in between, from the corner on; it is given scales only."""
    mode = change.text("mode", "nearest")
    corner = change.text("coordinate_transformation_mode", "half_pixel")
    rounding = change.text("nearest_mode", "round_prefer_floor")
    if mode not in ("nearest", "linear") or corner != "asymmetric" or (mode == "nearest" and rounding != "floor"):
        raise Refused(f"mode = {mode}, coordinate_transformation_mode = {corner}, nearest_mode = {rounding}")
    scales = _scales(change)
    if (scales < 1).any():
        raise Refused("a picture made smaller")
    node = change.made("Resize", [change.input(0), change.stored("scales", scales)], {"mode": mode})
    change.replace([node])


def _scales(change: Change) -> np.ndarray:
    scales, sizes = change.needed(2, "its scales"), change.needed(3, "its sizes")
    if sizes is None or sizes.size == 0:
        if scales is None or scales.size == 0:
            raise Refused("neither scales nor sizes")
        return scales.astype(np.float32)
    found: list[float] = []
    for axis, size in enumerate(sizes.reshape(-1)):
        length = change.size(axis)
        if length is None or int(size) % length:
            raise Refused("sizes that are no multiples of those before")
        found.append(int(size) / length)
    return np.array(found, np.float32)


def upsample(change: Change) -> None:
    """Resize in 10 is Upsample in 9, where it makes nothing smaller."""
    scales = change.needed(1, "its scales")
    if scales is None or (scales < 1).any():
        raise Refused("a picture made smaller")
    mode = change.text("mode", "nearest")
    change.replace([change.made("Upsample", [change.input(0), change.input(1)], {"mode": mode})])
