"""Any node with any attributes that ONNX Runtime runs, lifted: the same numbers to 1e-4, from opset 7 to the newest."""

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx import defs
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from tests.compressors.one_node import assert_alike, by_onnx_runtime, lifted, model_of

torch.set_num_threads(1)

CANNOT = (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.NotImplemented, errors.RuntimeException)
NEWEST = min(defs.onnx_opset_version(), 23)  # what the oldest ONNX Runtime in use here knows
SPATIAL = st.integers(1, 3)
small = st.integers
flag = st.booleans()


def values(draw, *shape, low=-2.0, high=2.0):
    seed = draw(st.integers(0, 2**16))
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def sizes(draw, rank, low=3, high=9):
    return [draw(small(low, high)) for _ in range(rank)]


def since(draw, first, last=NEWEST):
    return draw(small(first, last))


def chance(draw, attributes, name, strategy):
    """Half of the time, an attribute."""
    if draw(flag):
        attributes[name] = draw(strategy)


def window(draw, rank, kernel, dilated=True):
    """Attributes of anything with a kernel."""
    attributes = {}
    many = st.lists(small(1, 3), min_size=rank, max_size=rank)
    chance(draw, attributes, "strides", many)
    if dilated:
        chance(draw, attributes, "dilations", many)
    how = draw(st.sampled_from(["none", "pads", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if how == "pads":
        pads = st.tuples(*(small(0, k - 1) for k in [*kernel, *kernel])) if min(kernel) else st.nothing()
        attributes["pads"] = list(draw(pads))
    elif how != "none":
        attributes["auto_pad"] = how
    return attributes


def conv(draw):
    rank, groups = draw(SPATIAL), draw(small(1, 3))
    kernel = sizes(draw, rank, 1, 3)
    x = values(draw, draw(small(1, 2)), groups * draw(small(1, 2)), *sizes(draw, rank, 5, 9))
    weight = values(draw, groups * draw(small(1, 2)), x.shape[1] // groups, *kernel)
    bias = [values(draw, weight.shape[0])] if draw(flag) else []
    attributes = {"kernel_shape": kernel, "group": groups, **window(draw, rank, kernel)}
    return "Conv", x, [weight, *bias], attributes, since(draw, 7), 1


def conv_transpose(draw):
    rank, groups = draw(small(1, 2)), draw(small(1, 3))
    kernel = sizes(draw, rank, 1, 3)
    x = values(draw, draw(small(1, 2)), groups * draw(small(1, 2)), *sizes(draw, rank, 2, 5))
    weight = values(draw, x.shape[1], draw(small(1, 2)), *kernel)
    bias = [values(draw, weight.shape[1] * groups)] if draw(flag) else []
    attributes = {"group": groups, **window(draw, rank, kernel)}
    strides = attributes.get("strides", [1] * rank)
    extra = [draw(small(0, stride - 1)) for stride in strides]
    if any(extra):
        attributes["output_padding"] = extra
    if "auto_pad" not in attributes and draw(flag):
        reaches = [(k - 1) * d + 1 for k, d in zip(kernel, attributes.get("dilations", [1] * rank), strict=True)]
        full = [(n - 1) * s + r + e for n, s, r, e in zip(x.shape[2:], strides, reaches, extra, strict=True)]
        attributes["output_shape"] = [draw(small(max(1, size - 2), size)) for size in full]
        attributes.pop("pads", None)
    return "ConvTranspose", x, [weight, *bias], attributes, since(draw, 7), 1


def pool(draw):
    op = draw(st.sampled_from(["MaxPool", "AveragePool", "LpPool"]))
    opset = since(draw, 7)
    rank = draw(SPATIAL)
    kernel = sizes(draw, rank, 1, 3)
    dilated = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[op] <= opset
    attributes = {"kernel_shape": kernel, **window(draw, rank, kernel, dilated)}
    if str(attributes.get("auto_pad")).startswith("SAME"):
        # ONNX Runtime forgets the dilations there, and gives fewer outputs than the standard says.
        attributes.pop("dilations", None)
    if opset >= (18 if op == "LpPool" else 10):
        chance(draw, attributes, "ceil_mode", small(0, 1))
    if op == "AveragePool":
        chance(draw, attributes, "count_include_pad", small(0, 1))
    if op == "LpPool":
        chance(draw, attributes, "p", small(1, 3))
    return op, values(draw, 2, 2, *sizes(draw, rank, 5, 9)), [], attributes, opset, 1


def resize(draw):
    opset = since(draw, 11)
    x = values(draw, 1, 2, *sizes(draw, 2, 2, 6))
    mode = draw(st.sampled_from(["nearest", "linear", "cubic"]))
    places = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
    if opset < 13:
        places.append("tf_half_pixel_for_nn")
    if opset >= 19:
        places.append("half_pixel_symmetric")
    attributes = {"mode": mode, "coordinate_transformation_mode": draw(st.sampled_from(places))}
    if mode == "nearest":
        nearest = st.sampled_from(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
        chance(draw, attributes, "nearest_mode", nearest)
    if mode == "cubic":
        chance(draw, attributes, "cubic_coeff_a", st.sampled_from([-0.5, -0.75]))
        chance(draw, attributes, "exclude_outside", small(0, 1))
    if attributes["coordinate_transformation_mode"] == "tf_crop_and_resize":
        attributes["extrapolation_value"] = 0.5
    roi = np.array([0, 0, 0.1, -0.2, 1, 1, 0.8, 1.1], np.float32)
    factors = np.array(
        [1, 1, *(draw(st.sampled_from([0.5, 0.6, 1.0, 1.5, 2.0, 2.3, 3.0])) for _ in range(2))], np.float32
    )
    axes = opset >= 18 and draw(flag)
    if axes:
        attributes["axes"] = [2, 3]
        factors, roi = factors[2:], roi[[2, 3, 6, 7]]
    assume(all(size * factor >= 1 for size, factor in zip(x.shape[-len(factors) :], factors, strict=True)))
    if draw(flag):
        assume("extrapolation_value" not in attributes or 1 not in factors[-2:])
        return "Resize", x, [roi, factors], attributes, opset, 1
    if opset >= 18 and "extrapolation_value" not in attributes:
        policies = st.sampled_from(["stretch", "not_larger", "not_smaller"])
        chance(draw, attributes, "keep_aspect_ratio_policy", policies)
    target = [1, 2, *sizes(draw, 2, 1, 9)][-len(factors) :]
    # Where an axis keeps its size, ONNX Runtime forgets the region it was to look at.
    assume("extrapolation_value" not in attributes or all(map(int.__ne__, x.shape[2:], target[-2:])))
    return "Resize", x, [roi, None, np.array(target, np.int64)], attributes, opset, 1


def old_resize(draw):
    opset = since(draw, 7, 10)
    x = values(draw, 1, 2, *sizes(draw, 2, 2, 6))
    factors = [1.0, 1.0, *(draw(st.sampled_from([1.0, 1.5, 2.0, 3.0])) for _ in range(2))]
    attributes = {"mode": draw(st.sampled_from(["nearest", "linear"]))}
    if opset < 9:
        return "Upsample", x, [], {**attributes, "scales": factors}, opset, 1
    return "Upsample" if opset == 9 else "Resize", x, [np.array(factors, np.float32)], attributes, opset, 1


def pad(draw):
    opset = since(draw, 7)
    x = values(draw, *sizes(draw, draw(small(1, 4)), 2, 5))
    modes = ["constant", "reflect", "edge"] + (["wrap"] if opset >= 19 else [])
    mode = draw(st.sampled_from(modes))
    axes = (
        sorted(draw(st.sets(small(0, x.ndim - 1), min_size=1))) if opset >= 18 and draw(flag) else list(range(x.ndim))
    )
    low = -1 if mode == "constant" else 0
    pads = [draw(small(low, x.shape[axis] - 1)) for axis in [*axes, *axes]]
    if opset < 11:
        return "Pad", x, [], {"mode": mode, "pads": pads, "value": 0.5}, opset, 1
    constants = [np.array(pads, np.int64), np.float32(0.25)]
    if len(axes) < x.ndim:
        constants.append(np.array([axis - x.ndim if draw(flag) else axis for axis in axes], np.int64))
    return "Pad", x, constants, {"mode": mode}, opset, 1


def cut(draw):
    opset = since(draw, 7)
    x = values(draw, *sizes(draw, draw(small(1, 3)), 2, 6))
    axes = draw(st.lists(small(0, x.ndim - 1), unique=True, min_size=1, max_size=x.ndim))
    ends = small(-8, 8) | st.sampled_from([2**31, -(2**31)])
    starts, stops = ([draw(ends) for _ in axes] for _ in range(2))
    if opset < 10:
        return "Slice", x, [], {"starts": starts, "ends": stops, "axes": axes}, opset, 1
    steps = [draw(st.sampled_from([1, 2, -1, -2])) for _ in axes]
    axes = [axis - x.ndim if draw(flag) else axis for axis in axes]
    return "Slice", x, [np.array(numbers, np.int64) for numbers in (starts, stops, axes, steps)], {}, opset, 1


def split(draw):
    opset, parts = since(draw, 7), draw(small(1, 4))
    uneven = draw(flag)
    given_sizes = [draw(small(1, 3)) for _ in range(parts)] if uneven else [2] * parts
    whole = sum(given_sizes)
    if not uneven and opset >= 18:
        whole = draw(small(max(1, 2 * parts - 1), 2 * parts))
    axis = draw(small(-2, 1))
    shape = [3, 4]
    shape[axis] = whole
    attributes = {"axis": axis}
    constants = []
    if uneven and opset >= 13:
        constants = [np.array(given_sizes, np.int64)]
    elif uneven:
        attributes["split"] = given_sizes
    elif opset >= 18:
        attributes["num_outputs"] = parts
    return "Split", values(draw, *shape), constants, attributes, opset, parts


def reduction(draw):
    names = ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"]
    op = f"Reduce{draw(st.sampled_from(names))}"
    opset, x = since(draw, 7), values(draw, *sizes(draw, 3, 1, 4), low=0.1, high=1.0)
    axes = draw(st.lists(small(0, 2), unique=True, max_size=3))
    axes = [axis - 3 if opset >= 11 and draw(flag) else axis for axis in axes]
    attributes, constants = {"keepdims": draw(small(0, 1))}, []
    if axes and opset >= (13 if op == "ReduceSum" else 18):
        constants = [np.array(axes, np.int64)]
    elif axes:
        attributes["axes"] = axes
    elif opset >= 18:
        chance(draw, attributes, "noop_with_empty_axes", small(0, 1))
    return op, x, constants, attributes, opset, 1


def norm(draw):
    op = draw(st.sampled_from(["LRN", "InstanceNormalization", "BatchNormalization", "LpNormalization"]))
    x = values(draw, 2, 4, *sizes(draw, draw(small(1, 2)), 2, 5))
    if op == "LRN":
        x = values(draw, 2, 6, 4, 3)
        attributes = {"size": draw(st.sampled_from([1, 3, 5])), "alpha": 0.3, "beta": 0.6, "bias": 1.2}
        return op, x, [], attributes, since(draw, 7), 1
    if op == "LpNormalization":
        return op, x, [], {"axis": draw(small(-1, x.ndim - 1)), "p": draw(small(1, 2))}, since(draw, 7, 21), 1
    parts = [values(draw, 4, low=0.2) for _ in range(4)]
    constants = parts[:2] if op == "InstanceNormalization" else [*parts[:3], np.abs(parts[3]) + 0.1]
    return op, x, constants, {"epsilon": 1e-3}, since(draw, 7), 1


def last_axes(draw):
    op = draw(st.sampled_from(["Softmax", "LogSoftmax", "Hardmax", "Flatten", "ArgMax", "ArgMin"]))
    opset, x = since(draw, 11), values(draw, *sizes(draw, 3, 1, 4))
    attributes = {"axis": draw(small(-3, 2))} if draw(flag) else {}
    if op.startswith("Arg"):
        chance(draw, attributes, "keepdims", small(0, 1))
        if opset >= 12:
            chance(draw, attributes, "select_last_index", small(0, 1))
    return op, x, [], attributes, opset, 1


def gemm(draw):
    flips = draw(small(0, 1)), draw(small(0, 1))
    a, b = (3, 4), (4, 5)
    attributes = {"transA": flips[0], "transB": flips[1]}
    chance(draw, attributes, "alpha", st.just(0.5))
    chance(draw, attributes, "beta", st.just(2.0))
    c = draw(st.sampled_from([None, (5,), (3, 5), (3, 1), (1, 5), (1,)]))
    weight = values(draw, *(reversed(b) if flips[1] else b))
    x = values(draw, *(reversed(a) if flips[0] else a))
    opset = since(draw, 11 if c is None else 7)
    return "Gemm", x, [weight, *([] if c is None else [values(draw, *c)])], attributes, opset, 1


def look_up(draw):
    op = draw(st.sampled_from(["Gather", "GatherElements", "ScatterElements", "ScatterND", "TopK", "CumSum", "Tile"]))
    x, opset = values(draw, 3, 4), since(draw, 16)
    axis = draw(small(-2, 1))
    some = np.random.default_rng(draw(small(0, 99)))
    if op == "Gather":
        index = some.integers(-3, 3, draw(st.sampled_from([(), (2,), (2, 2)])))
        return op, x, [np.asarray(index, np.int64)], {"axis": axis}, opset, 1
    if op == "GatherElements":
        return op, x, [some.integers(-3, 3, (2, 4) if axis % 2 == 0 else (3, 2))], {"axis": axis}, opset, 1
    reduction = draw(st.sampled_from(["none", "add", "mul"]))
    if op == "ScatterElements":
        index = some.permutation(3)[:2].reshape(2, 1)
        return op, x, [index, values(draw, 2, 1)], {"axis": 0, "reduction": reduction}, opset, 1
    if op == "ScatterND":
        index = some.permutation(3)[:2].reshape(2, 1) - 3 * draw(small(0, 1))
        return op, x, [index, values(draw, 2, 4)], {"reduction": reduction}, opset, 1
    if op == "TopK":
        attributes = {"axis": axis, "largest": draw(small(0, 1)), "sorted": 1}
        return op, x, [np.array([draw(small(1, 3))], np.int64)], attributes, opset, 2
    if op == "CumSum":
        attributes = {"exclusive": draw(small(0, 1)), "reverse": draw(small(0, 1))}
        return op, x, [np.array(axis, np.int64)], attributes, opset, 1
    return op, x, [np.array([draw(small(1, 3)), draw(small(0, 3))], np.int64)], {}, opset, 1


def recurrent(draw):
    op = draw(st.sampled_from(["LSTM", "GRU", "RNN"]))
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    direction = draw(st.sampled_from(["forward", "reverse", "bidirectional"]))
    ways, hidden, batch = 1 + (direction == "bidirectional"), draw(small(1, 3)), draw(small(1, 3))
    x = values(draw, draw(small(1, 4)), batch, 2)
    w, r = values(draw, ways, gates * hidden, 2), values(draw, ways, gates * hidden, hidden)
    constants = [w, r, values(draw, ways, 2 * gates * hidden) if draw(flag) else None]
    lengths = np.array([draw(small(1, x.shape[0])) for _ in range(batch)], np.int32) if draw(flag) else None
    start = values(draw, ways, batch, hidden) if draw(flag) else None
    constants += [lengths, start]
    attributes = {"hidden_size": hidden, "direction": direction}
    if op == "LSTM":
        constants += [values(draw, ways, batch, hidden) if draw(flag) else None]
        constants += [values(draw, ways, 3 * hidden) if draw(flag) else None]
        chance(draw, attributes, "input_forget", small(0, 1))
    if op == "GRU":
        chance(draw, attributes, "linear_before_reset", small(0, 1))
    chance(draw, attributes, "clip", st.just(0.7))
    while constants[-1] is None:
        constants.pop()
    return op, x, constants, attributes, since(draw, 7), 3 if op == "LSTM" else 2


def shaping(draw):
    op = draw(st.sampled_from(["Squeeze", "Unsqueeze", "Transpose", "DepthToSpace", "SpaceToDepth", "PRelu", "Clip"]))
    opset = since(draw, 11)
    if op == "Squeeze":
        x, axes = values(draw, 1, 3, 1, 2), draw(st.sampled_from([None, [0], [2], [0, -2]]))
        newer = [] if axes is None else [np.array(axes, np.int64)]
        return op, x, newer if opset >= 13 else [], {} if opset >= 13 or axes is None else {"axes": axes}, opset, 1
    if op == "Unsqueeze":
        axes = draw(st.sampled_from([[0], [1, 3], [-1, 0], [3, 0]]))
        x = values(draw, 2, 3)
        return op, x, [np.array(axes, np.int64)] if opset >= 13 else [], {} if opset >= 13 else {"axes": axes}, opset, 1
    if op == "Transpose":
        return op, values(draw, 2, 3, 4), [], {"perm": draw(st.permutations([0, 1, 2]))}, opset, 1
    if op == "DepthToSpace":
        return (
            op,
            values(draw, 1, 8, 2, 3),
            [],
            {"blocksize": 2, "mode": draw(st.sampled_from(["DCR", "CRD"]))},
            opset,
            1,
        )
    if op == "SpaceToDepth":
        return op, values(draw, 1, 2, 4, 6), [], {"blocksize": 2}, opset, 1
    if op == "PRelu":
        slope = draw(st.sampled_from([(1,), (3, 1, 1), (4,), (1, 1, 4)]))
        return op, values(draw, 2, 3, 2, 4), [values(draw, *slope)], {}, opset, 1
    limits = draw(st.sampled_from([[np.float32(-1)], [None, np.float32(1)], [np.float32(-1), np.float32(1)]]))
    return op, values(draw, 3, 4), limits, {}, opset, 1


def sampled(draw):
    opset = since(draw, 16)
    smooth, cubic = ("bilinear", "bicubic") if opset < 20 else ("linear", "cubic")
    attributes = {
        "mode": draw(st.sampled_from([smooth, cubic, "nearest"])),
        "padding_mode": draw(st.sampled_from(["zeros", "border", "reflection"])),
        "align_corners": draw(small(0, 1)),
    }
    return "GridSample", values(draw, 1, 2, 4, 5), [values(draw, 1, 3, 3, 2, low=-1.3, high=1.3)], attributes, opset, 1


FAMILIES = [conv, conv_transpose, pool, resize, old_resize, pad, cut, split, reduction, norm, last_axes, gemm, look_up,
            recurrent, shaping, sampled]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_random_node_lifts_as_onnx_runtime_runs_it(family, tmp_path):
    ran = 0

    @settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        nonlocal ran
        op, x, constants, attributes, opset, outputs = family(data.draw)
        expected = None
        with contextlib.suppress(*CANNOT):
            model = model_of(op, x, constants, attributes, opset, outputs)
            expected = by_onnx_runtime(model, x)
        assume(expected is not None and all(value.size for value in expected))
        assert_alike(lifted(model, x, tmp_path), expected)
        ran += 1

    check()
    assert ran >= 15, "too few of the drawn nodes ran"
