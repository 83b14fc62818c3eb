"""ONNX’s own test data for every operator, lifted: its outputs, or a refusal that names what stands in the way."""

import functools
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from compressors.layers import LAYERS
from compressors.lift import lift
from compressors.operators import OPERATORS
from profiler.errors import BadInput
from profiler.formats import read

torch.set_num_threads(1)

KNOWN = {*LAYERS, *OPERATORS, "Relu", "Dropout"}
OUTSIDE = (*"SUVO",)  # strings and objects: torch has no such values

OTHERWISE = {
    "test_training_dropout": "it drops while it runs; a lifted network drops only in train mode",
    "test_training_dropout_default": "the same",
    "test_resize_downsample_scales_linear_align_corners": "ONNX Runtime and torch divide by the whole size",
    "test_resize_downsample_scales_cubic_align_corners": "the same",
}
"""Where lifting differs from ONNX’s data on purpose, and why."""

ELSEWHERE = ("GlobalLpPool", "LayerNormalization", "Upsample")
"""Operators whose only data has outputs that no network uses, or that have none: tried in the other tests."""


@functools.cache
def cases():
    """By the operator of a case’s first node that is no Constant: those that can be read as tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        found = collect_testcases(None)
    sorted_ = defaultdict(list)
    for case in found:
        if (
            case.model is None
            or case.name in OTHERWISE
            or {o.domain for o in case.model.opset_import} - {"", "ai.onnx"}
        ):
            continue
        ops = [node.op_type for node in case.model.graph.node if node.op_type != "Constant"]
        values = [value for part in case.data_sets[0] for value in part]
        if not ops or any(isinstance(value, list | dict | type(None)) for value in values):
            continue
        if any(array(value).dtype.kind in OUTSIDE for value in values):
            continue
        sorted_["functions" if len(ops) > 1 else ops[0]].append(case)
    return sorted_


def array(value):
    return np.array(numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value)


def run(case, folder, *, held):
    """The case’s outputs by the lifted network; `held`: all inputs but the first as constants."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    given = dict(zip([value.name for value in model.graph.input], case.data_sets[0][0], strict=False))
    if held:
        for value in list(model.graph.input)[1:]:
            model.graph.input.remove(value)
            model.graph.initializer.append(numpy_helper.from_array(array(given.pop(value.name)), value.name))
    path = folder / "case.onnx"
    onnx.save(model, path)
    with torch.no_grad():
        found = lift(read(path))(*(torch.from_numpy(array(value)) for value in given.values()))
    return [np.asarray(value) for value in (found if isinstance(found, tuple) else (found,))]


def assert_as_given(case, found):
    expected = [array(value) for value in case.data_sets[0][1]]
    assert len(found) == len(expected), case.name
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), case.name
        near = 1e-2 if theirs.dtype == np.float16 else 1e-3  # four digits are printed in some of the data
        assert np.allclose(ours, theirs, rtol=near, atol=near * 1e-2, equal_nan=True), case.name


def tried(case, folder, *, held):
    """True: the outputs are right. False: it was refused, for a type or a second output that torch does not have."""
    try:
        found = run(case, folder, held=held)
    except BadInput as refusal:
        if "can’t be trained" not in str(refusal):
            raise
        return False
    assert_as_given(case, found)
    return True


@pytest.mark.parametrize("held", [True, False], ids=["constants", "inputs"])
@pytest.mark.parametrize("op", sorted(KNOWN))
def test_as_onnx_says(op, held, tmp_path):
    ran = 0
    for case in cases()[op]:
        ran += tried(case, tmp_path, held=held)
    assert ran or op in ELSEWHERE, "nothing was tried"


def test_functions_written_out_in_operators(tmp_path):
    ran = 0
    for case in cases()["functions"][::3]:
        ran += tried(case, tmp_path, held=True)
    assert ran > 100


DATA = Path(onnx.__file__).parent / "backend/test/data"
CONVERTED = sorted(folder for group in ("pytorch-converted", "pytorch-operator") for folder in (DATA / group).iterdir())


def test_what_torch_once_exported():
    """Layers that torch itself exported at opset 6 and 9, with what it computed then."""
    assert len(CONVERTED) > 100
    for folder in CONVERTED:
        network = read(folder / "model.onnx")
        if network.opset < 7 and any("axis" in n.attributes for n in network.model.graph if n.op_type == "Add"):
            with pytest.raises(BadInput, match="Add of opset 6, which broadcasts in another way"):
                lift(network)
            continue
        module = lift(network)
        for data in sorted(folder.glob("test_data_set_*")):
            given, expected = (
                [
                    numpy_helper.to_array(onnx.load_tensor(data / f"{kind}_{n}.pb"))
                    for n in range(len(list(data.glob(f"{kind}_*.pb"))))
                ]
                for kind in ("input", "output")
            )
            with torch.no_grad():
                found = module(*(torch.from_numpy(np.array(value)) for value in given))
            for ours, theirs in zip(found if isinstance(found, tuple) else (found,), expected, strict=True):
                assert tuple(ours.shape) == theirs.shape, folder.name
                assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-5, equal_nan=True), folder.name


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((DATA / "light").glob("*.onnx")), ids=lambda path: path.stem)
def test_known_architectures_as_caffe2_exported_them(path):
    """AlexNet, DenseNet-121, Inception v1 and v2, ResNet-50, ShuffleNet, SqueezeNet, VGG-19 and ZFNet-512."""
    network = read(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (value,) = session.get_inputs()
    x = np.random.default_rng(0).random(value.shape).astype(np.float32)
    with torch.no_grad():
        found = lift(network)(torch.from_numpy(x)).numpy()
    (expected,) = session.run(None, {value.name: x})
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_what_is_not_known_is_named(tmp_path):
    missing = [case for op, group in cases().items() if op not in KNOWN for case in group if op != "functions"]
    assert len(missing) > 100
    for case in missing:
        with pytest.raises(BadInput, match="can’t be trained"):
            run(case, tmp_path, held=True)
