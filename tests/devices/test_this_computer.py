"""Real measurements, by a real onnxruntime in a fresh process, on small networks."""

import os
import sys
import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import onnxruntime
import psutil
import pytest
from onnx import TensorProto

from devices import device, devices
from devices.boards.this_computer import ThisComputer
from devices.session import Session
from devices.shell import LocalShell
from profiler.errors import BadInput, Failed
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from profiler.trace import Outline

FEW = ProfileSettings(runs=8, warmup=2)
ENDLESS = ProfileSettings(runs=10**9, warmup=0)


def running(job) -> None:
    """Go on with an endless job until it is in the middle of its runs."""
    while not next(job).text.startswith("Run "):
        pass


@pytest.fixture(scope="module")
def profile(lenet_file, lenet_outline):
    return drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))


def test_this_computer_is_the_device_called_cpu():
    assert device("CPU").title == "This computer"
    assert [each.name for each in devices()] == ["cpu"]


def test_an_unknown_device_is_named_with_those_there_are():
    with pytest.raises(BadInput, match="“tx2”") as caught:
        device("tx2")
    assert "cpu (This computer)" in caught.value.fix


def test_its_facts():
    facts = ThisComputer().facts()
    assert facts.engines == {"onnxruntime": onnxruntime.__version__, "opencv": cv2.__version__}
    assert facts.cores == len(os.sched_getaffinity(0))
    assert facts.python == ".".join(map(str, sys.version_info[:3]))
    assert facts.memory_mb == pytest.approx(psutil.virtual_memory().total / 1e6)
    assert facts.cpu


def test_every_run_is_kept(profile):
    assert len(profile.latencies_ms) == FEW.runs
    assert len(profile.profiled_ms) == FEW.runs
    assert min(profile.latencies_ms + profile.profiled_ms) > 0


def test_the_layers_of_the_split_are_those_of_the_network(profile, lenet):
    covered = [name for layer in profile.layers for name in layer.covers]
    weighty = {node.name for node in lenet.model.graph if node.op_type in ("Conv", "Gemm", "MatMul")}
    assert len(weighty) == 4
    assert weighty <= set(covered)
    assert len(covered) == len(set(covered))
    assert all(len(layer.microseconds) == FEW.runs for layer in profile.layers)


def test_the_split_and_the_rest_are_the_whole(profile):
    sums = profile.reconciliation
    assert sums.layers_sum_ms > 0
    assert sums.layers_sum_ms + sums.unattributed_ms == pytest.approx(sums.end_to_end_ms, abs=1e-12)
    assert sums.end_to_end_ms == profile.median_ms
    assert sums.unmatched_ms >= 0


def test_memory_holds_the_weights_at_least(profile):
    assert profile.memory.after_load_mb > 431_080 * 4 / 1e6
    assert profile.memory.after_run_mb > 431_080 * 4 / 1e6


def test_a_profile_says_of_what_where_and_how(profile, lenet_file):
    assert profile.network == sha256(lenet_file.read_bytes()).hexdigest()
    assert (profile.settings, profile.device.name, profile.complete) == (FEW, "cpu", True)
    assert 0 <= profile.load.before <= 1
    assert 0 <= profile.load.after <= 1


def test_power_without_a_meter_is_not_measured(lenet_file, lenet_outline, tmp_path):
    here = ThisComputer(extra={"root": str(tmp_path)})
    assert drain(here.profile(lenet_file, lenet_outline, FEW)).power is None


def zone(root: Path, name: str, content: dict[str, str]) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for key, value in content.items():
        (folder / key).write_text(value)
    return folder


def test_power_is_read_from_the_counters_of_the_packages(lenet_file, lenet_outline, tmp_path):
    """A powercap tree whose package's counter goes up by 1 J each time it is written."""
    root = tmp_path / "sys" / "class" / "powercap"
    package = zone(
        root, "intel-rapl:0", {"name": "package-0\n", "max_energy_range_uj": "9000000\n", "energy_uj": "0\n"}
    )
    zone(root, "intel-rapl:0:0", {"name": "core\n", "max_energy_range_uj": "9000000\n", "energy_uj": "5\n"})
    zone(root, "intel-rapl:1", {"name": "psys\n", "max_energy_range_uj": "9000000\n", "energy_uj": "5\n"})
    over = threading.Event()

    def spend():
        joules = 0
        while not over.wait(0.02):
            joules = (joules + 1) % 9  # wraps round at the range
            (root / "next").write_text(f"{joules * 1_000_000}\n")
            (root / "next").replace(package / "energy_uj")

    spender = threading.Thread(target=spend)
    spender.start()
    try:
        here = ThisComputer(extra={"root": str(tmp_path), "energy_seconds": 0.5})
        power = drain(here.profile(lenet_file, lenet_outline, FEW)).power
    finally:
        over.set()
        spender.join()
    assert power is not None
    assert (power.source, power.rail) == ("RAPL", "package-0")
    assert power.inferences >= FEW.runs
    assert power.run_stop - power.run_start >= 0.5
    assert power.idle_watts > 0
    assert all(watts >= 0 for watts in power.watts)  # a counter that wrapped round is no negative power
    assert power.energy_mj is not None


def test_a_meter_that_only_root_may_read_is_told(lenet_file, lenet_outline, tmp_path):
    powercap = tmp_path / "sys" / "class" / "powercap"
    zone(powercap, "intel-rapl:0", {"name": "package-0\n", "max_energy_range_uj": "9000000\n"})
    profile = drain(ThisComputer(extra={"root": str(tmp_path)}).profile(lenet_file, lenet_outline, FEW))
    assert profile.power is None
    assert any("only root may read" in warning for warning in profile.load.warnings)


def test_cancelling_leaves_no_process_and_no_file(lenet_file, lenet_outline, temporary, children):
    job = ThisComputer().profile(lenet_file, lenet_outline, ENDLESS)
    running(job)
    assert len(children()) == 1
    job.close()
    assert children() == []
    assert list(temporary.iterdir()) == []


def test_a_killed_agent_is_a_failure(lenet_file, lenet_outline, temporary, children):
    job = ThisComputer().profile(lenet_file, lenet_outline, ENDLESS)
    running(job)
    children()[0].kill()
    with pytest.raises(Failed, match="agent on this computer was killed by signal 9"):
        drain(job)
    assert list(temporary.iterdir()) == []


def test_progress_tells_the_latest_latency(lenet_file, lenet_outline):
    job = ThisComputer().profile(lenet_file, lenet_outline, ENDLESS)
    try:
        running(job)
        step = next(job)
        assert step.figures["latency_ms"] > 0
        assert 0.1 <= step.fraction <= 0.55
    finally:
        job.close()


def test_a_python_without_onnxruntime_is_told_how_to_get_it(lenet_file, lenet_outline):
    here = ThisComputer(Session(LocalShell(), "This computer", python=(sys.executable, "-I", "-S")))
    assert here.facts().engines == {}
    with pytest.raises(Failed, match="no onnxruntime") as caught:
        drain(here.profile(lenet_file, lenet_outline, FEW))
    assert "-m pip install onnxruntime" in caught.value.fix


def refused(path: Path, outline: Outline, settings: ProfileSettings = FEW) -> BadInput:
    with pytest.raises(BadInput) as caught:
        drain(ThisComputer().profile(path, outline, settings))
    return caught.value


def test_a_file_that_onnxruntime_cannot_load_gets_its_words(tmp_path, lenet_outline):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"this is no network")
    error = refused(path, lenet_outline)
    assert "cannot load “broken.onnx”" in error.what
    assert "Protobuf parsing failed" in error.where


def test_an_operator_that_onnxruntime_does_not_know_is_named(relu_file, lenet_outline):
    assert "Frobnicate" in refused(relu_file([1, 4], op="Frobnicate"), lenet_outline).where


def test_open_sizes_are_asked_for(relu_file, lenet_outline):
    error = refused(relu_file(["N", 3, "H", "W"]), lenet_outline)
    assert "“x” has open sizes: N×3×H×W" in error.what
    assert "--input x=" in error.fix


def test_a_fixed_batch_cannot_be_another(relu_file, lenet_outline):
    assert "fixed at a batch of 2" in refused(relu_file([2, 3]), lenet_outline, replace(FEW, batch=4)).what


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.INT64, TensorProto.BOOL, TensorProto.UINT8])
def test_inputs_of_other_types_are_made_up(relu_file, lenet_outline, kind):
    profile = drain(ThisComputer().profile(relu_file(["N", 3], kind, op="Identity"), lenet_outline, FEW))
    assert len(profile.latencies_ms) == FEW.runs


def test_an_input_of_words_cannot_be_made_up(relu_file, lenet_outline):
    assert "tensor(string)" in refused(relu_file([1], TensorProto.STRING, op="Identity"), lenet_outline).what


@pytest.mark.parametrize("changed", [{"runs": 0}, {"warmup": -1}, {"batch": 0}, {"threads": 0}, {"engine": "abacus"}])
def test_settings_that_make_no_sense_are_refused(lenet_file, lenet_outline, changed):
    [value] = changed.values()
    assert str(value) in refused(lenet_file, lenet_outline, replace(FEW, **changed)).what


def test_more_threads_than_cores_are_warned_of(lenet_file, lenet_outline):
    threads = len(os.sched_getaffinity(0)) + 1
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, threads=threads)))
    assert any(f"{threads} threads" in warning for warning in profile.load.warnings)


def test_a_file_that_is_not_there(tmp_path, lenet_outline):
    assert "nowhere.onnx" in refused(tmp_path / "nowhere.onnx", lenet_outline).what


def test_a_network_of_twenty_times_the_work_is_slower(gemm_chain):
    small, large = gemm_chain(3), gemm_chain(60)
    result = drain(ThisComputer().compare([large, small, large], ["A", "B", "A again"], FEW, rounds=6))
    assert result.networks == ("A", "B", "A again")
    assert [len(rounds) for rounds in result.rounds_ms] == [6, 6, 6]
    faster, again = result.ratios
    assert (faster.a, faster.b, faster.verdict) == ("A", "B", "faster")
    assert faster.low > 1
    assert (again.a, again.b) == ("A", "A again")


@pytest.mark.parametrize(("count", "rounds"), [(1, 20), (2, 4)])
def test_a_comparison_of_too_little_is_refused(gemm_chain, count, rounds):
    with pytest.raises(BadInput):
        drain(ThisComputer().compare([gemm_chain(1)] * count, ["A", "B"][:count], FEW, rounds=rounds))
