"""Lowering by property: generated nodes, and all of ONNX's own node tests."""

import warnings

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from profiler.errors import BadInput
from profiler.network import Network
from profiler.opset import lowered
from tests.profiler.lowering_support import RANDOM, axes, free_outputs, run, same, written

TARGETS = some.sampled_from([17, 15, 13, 12, 11, 10, 9])


@settings(max_examples=60, deadline=None)
@given(
    op=some.sampled_from(["Mean", "Max", "Min", "Sum", "Prod", "L1", "L2", "SumSquare"]),
    chosen=some.sets(some.integers(0, 3), max_size=4),
    back=some.booleans(),
    keep=some.integers(0, 1),
    target=TARGETS,
)
def test_reductions(make, op, chosen, back, keep, target):
    which = [axis - 4 if back else axis for axis in chosen]
    stored = {"a": axes(*which)}
    network = free_outputs(written(make, 18, f"y = Reduce{op} <keepdims = {keep}> (x, a)", stored))
    same(network, target, close=op in ("L1", "L2", "SumSquare", "Prod"))


@settings(max_examples=40, deadline=None)
@given(
    op=some.sampled_from(["Softmax", "LogSoftmax", "Hardmax"]),
    shape=some.lists(some.integers(1, 4), min_size=1, max_size=4),
    axis=some.integers(-4, 3),
    target=TARGETS.filter(lambda opset: opset < 13),
)
def test_softmax_over_any_axis(make, op, shape, axis, target):
    if not -len(shape) <= axis < len(shape):
        return
    sizes = ",".join(map(str, shape))
    network = make(f"g (float[{sizes}] x) => (float[{sizes}] y) {{ y = {op} <axis = {axis}> (x) }}")
    same(network, target, {"x": RANDOM.standard_normal(shape).astype(np.float32)}, close=op != "Hardmax")


def _reason(network, opset):
    """Why it is refused; "" when it is not."""
    try:
        lowered(network, opset)
    except BadInput as refused:
        return refused.where
    return ""


@settings(max_examples=40, deadline=None)
@given(
    kernel=some.tuples(some.integers(1, 4), some.integers(1, 4)),
    stride=some.tuples(some.integers(1, 4), some.integers(1, 4)),
    data=some.data(),
    op=some.sampled_from(["MaxPool", "AveragePool"]),
    ceil=some.integers(0, 1),
    target=TARGETS,
)
def test_pooling_with_any_rounding(make, kernel, stride, data, op, ceil, target):
    """The same bits, or a refusal that names the rounding."""
    pads = [data.draw(some.integers(0, side - 1)) for side in (*kernel, *kernel)]
    body = f"y = {op} <kernel_shape = {list(kernel)}, strides = {list(stride)}, pads = {pads}, ceil_mode = {ceil}> (x)"
    network = free_outputs(written(make, 22, body, {}))
    reason = _reason(network, target)
    if reason:
        assert ceil
        assert "ceil_mode = 1" in reason
    else:
        same(network, target, close=op == "AveragePool")


@settings(max_examples=40, deadline=None)
@given(
    bounds=some.lists(some.tuples(some.integers(-9, 9), some.integers(-9, 9)), min_size=4, max_size=4),
    chosen=some.lists(some.integers(-4, 3), min_size=1, max_size=4, unique_by=lambda axis: axis % 4),
    target=TARGETS.filter(lambda opset: opset < 13),
)
def test_slices(make, bounds, chosen, target):
    stored = {"b": axes(*(b for b, _ in bounds[: len(chosen)])), "e": axes(*(e for _, e in bounds[: len(chosen)]))}
    body = "y = Slice (x, b, e, a)"
    same(free_outputs(written(make, 13, body, {**stored, "a": axes(*chosen)})), target)


@settings(max_examples=30, deadline=None)
@given(parts=some.integers(1, 8), axis=some.integers(-4, 3), target=TARGETS)
def test_splits_into_parts(make, parts, axis, target):
    size = (2, 3, 6, 8)[axis]
    if -(-size // parts) * (parts - 1) >= size:
        return  # an empty last part is no Split
    names = ", ".join(["y", *(f"p{part}" for part in range(1, parts))])
    same(free_outputs(written(make, 18, f"{names} = Split <axis = {axis}, num_outputs = {parts}> (x)", {})), target)


@pytest.mark.slow
@pytest.mark.parametrize("opset", [13, 9])
def test_every_node_test_of_the_onnx_package(opset):
    """Each of its own test networks, newer than that, is lowered to a valid one that gives the same, or is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        cases = [case for case in collect_testcases(None) if not case.name.endswith("_expanded")]
    lowered_ones = sum(_agrees(case, opset) for case in cases)
    assert lowered_ones > 500


UNLIKE = (
    "bernoulli",
    "attention",
    "split_to_sequence",
    "roialign",
    "flexattention",
)  # chance, sequences, rounded answers


def _agrees(case, opset):
    proto, (given, _) = case.model, next(iter(case.data_sets))
    names = [value.name for value in proto.graph.input]
    plain = len(names) == len(given) and all(isinstance(value, np.ndarray) for value in given)
    if proto.opset_import[0].version <= opset or not plain or any(word in case.name for word in UNLIKE):
        return False
    copy = onnx.ModelProto.FromString(proto.SerializeToString())
    del copy.graph.input[1:]  # what is an input there is stored in real files: axes, sizes, scales
    copy.graph.initializer.extend(
        onnx.numpy_helper.from_array(value, name) for name, value in list(zip(names, given, strict=True))[1:]
    )
    network = Network.from_model(ir.from_proto(copy), name=case.name)
    try:
        made = lowered(network, opset)
    except BadInput:
        return False
    onnx.checker.check_model(ir.to_proto(made.model), full_check=True)
    feeds = dict(zip(names[:1], given[:1], strict=True))
    try:
        before = run(network, feeds)
    except Exception:  # noqa: BLE001 - the runtime has no kernel for it at its own opset
        return False
    for one, other in zip(before, run(made, feeds), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype), case.name
        if one.dtype.kind in "fiub":
            loose = 2e-3 if one.dtype == np.float16 else 1e-5
            np.testing.assert_allclose(
                other.astype(float), one.astype(float), rtol=loose, atol=loose, err_msg=case.name
            )
    return True
