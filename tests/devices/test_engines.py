"""Engines that are really here: OpenCV and onnxruntime; what they are asked, refuse and say."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import psutil
import pytest
from onnx import TensorProto

from devices import agent
from devices.boards.this_computer import ThisComputer
from devices.engines.asked import inputs_of
from devices.engines.said import by_layer
from devices.session import Session
from devices.shell import LocalShell
from profiler.errors import BadInput, Failed
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from profiler.trace import Outline

OPENCV = ProfileSettings(runs=8, warmup=2, engine="opencv")


@pytest.fixture(scope="module")
def profile(lenet_file, lenet_outline):
    return drain(ThisComputer().profile(lenet_file, lenet_outline, OPENCV))


def test_opencv_measures_every_run_and_every_layer(profile, lenet):
    assert len(profile.latencies_ms) == len(profile.profiled_ms) == OPENCV.runs
    covered = [name for row in profile.layers for name in row.covers]
    assert sorted(covered) == sorted(node.name for node in lenet.model.graph)
    assert all(len(row.microseconds) == OPENCV.runs for row in profile.layers)
    assert set(profile.device.engines) == {"opencv"}  # no other engine was loaded beside it


def test_opencvs_layers_add_up(profile):
    sums = profile.reconciliation
    assert sums.layers_sum_ms > 0
    assert sums.layers_sum_ms + sums.unmatched_ms <= 1.5 * sums.end_to_end_ms


def test_opencvs_memory(profile):
    assert profile.memory.after_run_mb > 431_080 * 4 / 1e6  # LeNet's weights at least


def test_opencv_computes_a_batch(lenet_file, lenet_outline):
    one = drain(ThisComputer().profile(lenet_file, lenet_outline, OPENCV))
    many = drain(ThisComputer().profile(lenet_file, lenet_outline, replace(OPENCV, batch=32)))
    assert many.median_ms > 4 * one.median_ms


def test_opencv_has_its_words_for_what_it_cannot_load(relu_file, lenet_outline):
    with pytest.raises(BadInput, match="OpenCV") as caught:
        drain(ThisComputer().profile(relu_file(["N", 3], op="Frobnicate"), lenet_outline, OPENCV))
    assert "cannot load “relu.onnx”" in caught.value.what
    assert caught.value.where.startswith("It says: (-")  # OpenCV's number for the error, and its words, on one line
    assert "\n" not in caught.value.where


def test_opencv_compares(gemm_chain):
    result = drain(ThisComputer().compare([gemm_chain(40), gemm_chain(4)], ["A", "B"], OPENCV, rounds=5))
    assert result.ratios[0].verdict == "faster"


@pytest.mark.parametrize("engine", ["onnxruntime", "opencv"])
def test_a_precision_that_the_engine_does_not_convert_to(lenet_file, lenet_outline, engine):
    with pytest.raises(BadInput, match="does not convert to int8"):
        drain(ThisComputer().profile(lenet_file, lenet_outline, replace(OPENCV, engine=engine, precision="int8")))


@pytest.mark.parametrize(
    ("engine", "words"), [("onnxruntime-cuda", "without “CUDA"), ("onnxruntime-tensorrt", "without “Tensorrt")]
)
def test_a_provider_that_is_not_built_in_is_refused(lenet_file, lenet_outline, engine, words):
    if engine.split("-")[1] in str(onnxruntime.get_available_providers()).lower():
        pytest.skip("This onnxruntime has it.")
    with pytest.raises(BadInput, match=words):
        drain(ThisComputer().profile(lenet_file, lenet_outline, replace(OPENCV, engine=engine)))


FAKE = """
import sys
__version__ = "1.10.0"
class SessionOptions: pass
class ExecutionMode: ORT_SEQUENTIAL = 0
class GraphOptimizationLevel: ORT_ENABLE_ALL = 99
class InferenceSession:
    def __init__(self, model, options, providers, provider_options=None):
        pass
    def get_providers(self): return ["CPUExecutionProvider"]  # the GPU's library did not load; only a log line says so
def get_available_providers(): return ["CUDAExecutionProvider", "CPUExecutionProvider"]
"""


@pytest.fixture
def without_its_gpu(tmp_path):
    """A device whose onnxruntime was built for CUDA and silently falls back to the processor."""
    path = tmp_path / "agent.py"
    path.write_bytes(Path(agent.__file__).read_bytes())
    (tmp_path / "onnxruntime.py").write_text(FAKE)
    return ThisComputer(Session(LocalShell(), "It", python=(sys.executable, "-S"), agent=path))


def test_a_session_that_fell_back_to_the_processor_is_refused(without_its_gpu, lenet_file, lenet_outline):
    with pytest.raises(Failed, match="would have run on the processor"):
        drain(without_its_gpu.profile(lenet_file, lenet_outline, replace(OPENCV, engine="onnxruntime-cuda")))


def test_a_provider_that_no_session_gets_is_not_offered(without_its_gpu):
    assert without_its_gpu.facts().engines == {"onnxruntime": "1.10.0"}


def test_the_smallest_network_is_one():
    session = onnxruntime.InferenceSession(agent.IDENTITY, providers=["CPUExecutionProvider"])
    shape = [size if isinstance(size, int) else 1 for size in session.get_inputs()[0].shape]
    assert session.run(None, {"x": np.full(shape, 3, np.float32)})[0] == 3


def kernel(name, operator, provider, start):
    args = {"op_name": operator, "provider": provider}
    return {"cat": "Node", "name": f"{name}_kernel_time", "tid": 1, "ts": start, "dur": 5, "args": args}


def test_what_ran_on_the_processor_in_spite_of_the_gpu_is_told():
    run = {"cat": "Session", "name": "model_run", "tid": 1, "ts": 0, "dur": 100, "args": {}}
    events = [run, kernel("a", "Conv", "CUDAExecutionProvider", 1), kernel("b", "Softmax", "CPUExecutionProvider", 9)]
    split = by_layer([{"type": "events", "events": events}], "onnxruntime-cuda", Outline(()))
    assert "1 of 2 kernels ran on the processor, not on the GPU: Softmax." in split.notes
    assert by_layer([{"type": "events", "events": events}], "onnxruntime", Outline(())).notes == ()


def test_the_inputs_are_told_to_engines_that_do_not_know_them(relu_file, lenet_file):
    assert inputs_of([relu_file(["N", 3], TensorProto.INT64)], "opencv") == {
        "inputs": [[["x", ["N", 3], "tensor(int64)"]]]
    }
    assert inputs_of([lenet_file], "trtexec") == {"inputs": [[["input", ["N", 1, 28, 28], "tensor(float)"]]]}
    assert inputs_of([lenet_file], "onnxruntime-cuda") == {}


# --- sweeps -------------------------------------------------------------------------------------------------

FEW = ProfileSettings(runs=5, warmup=1)


@pytest.mark.parametrize("engine", ["onnxruntime", "opencv"])
def test_a_sweep_has_every_point(lenet_file, engine):
    sweep = drain(ThisComputer().sweep(lenet_file, replace(FEW, engine=engine), [1, 8], [1, 2]))
    assert [(point.batch, point.threads) for point in sweep.points] == [(1, 1), (8, 1), (1, 2), (8, 2)]
    assert all(len(point.latencies_ms) == FEW.runs and not point.refused for point in sweep.points)
    assert sweep.points[1].median_ms > sweep.points[0].median_ms
    assert sweep.points[1].images_per_second == pytest.approx(8000 / sweep.points[1].median_ms)
    assert sweep.complete
    assert 0 <= sweep.load.before <= 1


def test_a_batch_that_is_fixed_in_the_file_is_refused_with_what_to_do_and_the_rest_goes_on(relu_file):
    sweep = drain(ThisComputer().sweep(relu_file([2, 3]), FEW, [2, 4], [1]))
    two, four = sweep.points
    assert len(two.latencies_ms) == FEW.runs
    assert "fixed at a batch of 2" in four.refused
    assert "export the network with an open batch" in four.refused


def test_a_batch_that_memory_does_not_hold_is_refused_and_the_rest_goes_on(lenet_file):
    sweep = drain(ThisComputer().sweep(lenet_file, FEW, [1 << 26, 1], [1]))
    large, one = sweep.points
    assert large.refused
    assert "memory" in large.refused
    assert len(one.latencies_ms) == FEW.runs


def test_a_point_that_the_system_ends_is_refused_and_the_rest_goes_on(lenet_file, children):
    """What the system does when memory runs out: the process of that point is killed, the agent is not."""
    job = ThisComputer().sweep(lenet_file, replace(FEW, runs=10**8), [1, 2], [1])
    while not next(job).text.startswith("Run "):
        pass
    [agents] = [child for child in children() if child.children()]
    agents.children()[0].kill()
    while not next(job).text.endswith("batch 2, 1 thread"):
        pass
    agents.children()[0].kill()
    sweep = drain(job)
    assert [point.refused.split(" (")[0] for point in sweep.points] == ["The system ended this point"] * 2
    assert all(point.latencies_ms == () for point in sweep.points)


def test_a_sweep_that_is_cut_short_keeps_its_points(lenet_file, children):
    from devices.session import LineLost

    job = ThisComputer().sweep(lenet_file, replace(FEW, runs=200), [1, 1 << 12], [1])
    while not next(job).text.endswith("batch 4096, 1 thread"):
        pass
    [parent] = [child for child in children() if child.children()]
    points = parent.children()
    parent.kill()
    with pytest.raises(LineLost) as caught:
        drain(job)
    sweep = caught.value.partial
    assert not sweep.complete
    assert len(sweep.points[0].latencies_ms) == 200
    _, alive = psutil.wait_procs(points, timeout=5)
    assert alive == []


def test_cancelling_a_sweep_leaves_nothing(lenet_file, children, temporary):
    job = ThisComputer().sweep(lenet_file, replace(FEW, runs=10**8), [1], [1])
    while not next(job).text.startswith("Run "):
        pass
    assert len(children()) == 2
    job.close()
    assert children() == []
    assert list(temporary.iterdir()) == []


def test_an_engine_that_nobody_knows_ends_the_sweep(lenet_file):
    with pytest.raises(BadInput, match="no engine named “abacus”"):
        drain(ThisComputer().sweep(lenet_file, replace(FEW, engine="abacus"), [1], [1]))


@pytest.mark.parametrize(("batches", "threads"), [([], [1]), ([1], []), ([0], [1]), ([1], [-1])])
def test_a_sweep_of_nothing_is_refused(lenet_file, batches, threads):
    with pytest.raises(BadInput):
        drain(ThisComputer().sweep(lenet_file, FEW, batches, threads))


def test_latencies_come_while_it_measures(lenet_file, lenet_outline):
    """So that a broken line loses at most what was measured in the last half second."""
    session = Session(LocalShell(), "It")
    request = {"command": "profile", "runs": 3000, "warmup": 1, "batch": 1, "threads": 1, "engine": "onnxruntime"}
    messages = drain(session.ask(request, network=lenet_file))
    heard = [message["ms"] for message in messages if message["type"] == "latencies"]
    assert sum(len(part) for part in heard) == 3000
    assert len(heard) >= sum(sum(part) for part in heard) / 1000 / 0.5
