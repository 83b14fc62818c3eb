"""Profiles by trtexec, here a small program that prints what the real one prints: see programs.py."""

import json
import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from devices.boards.this_computer import ThisComputer
from profiler.errors import BadInput, Failed
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from tests.devices import programs

FEW = ProfileSettings(runs=6, warmup=2, engine="trtexec")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder whose programs are found first."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def calls(folder: Path, *wanted: str) -> list[list[str]]:
    """What it was asked for, less the questions for help; with `wanted`, those that have this option."""
    asked = [json.loads(line) for line in (folder / "calls").read_text().splitlines()]
    asked = [call for call in asked if call != ["--help"]]
    return [call for call in asked if all(any(word.startswith(option) for word in call) for option in wanted)]


@pytest.mark.parametrize(
    ("told", "version"), [("8001", "8.0.1"), ("8201", "8.2.1"), ("8601", "8.6.1"), ("100300", "10.3.0")]
)
def test_its_version_is_read_from_its_first_line(place, told, version):
    programs.trtexec(place, told)
    assert ThisComputer().facts().engines["trtexec"] == version


def test_one_that_does_not_run_is_not_offered(place):
    programs.trtexec(place).write_text(
        "#!/bin/sh\necho 'error while loading shared libraries: libnvinfer.so.8' >&2\nexit 127\n"
    )
    assert "trtexec" not in ThisComputer().facts().engines


def test_where_there_is_none_it_says_where_it_looked(lenet_file, lenet_outline):
    with pytest.raises(Failed, match="no trtexec on this device") as caught:
        drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert "/usr/src/tensorrt/bin" in caught.value.fix


def test_every_run_after_the_warm_up_is_kept(place, lenet_file, lenet_outline):
    """The program's runs take 2.375 ms, 3.375 ms, …: the copies and the work between, not what waited before."""
    programs.trtexec(place)
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert profile.latencies_ms == (4.375, 5.375, 6.375, 7.375, 8.375, 9.375)
    assert len(profile.profiled_ms) == 6
    assert profile.device.engines == {"trtexec": "8.2.1"}


def test_its_layers_are_those_of_the_network(place, lenet_file, lenet_outline):
    """Microseconds as the program's table has them; 4 + 2 + 1 of them belong to no layer."""
    programs.trtexec(place)
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert [(row.covers, row.microseconds) for row in profile.layers] == [
        (("conv1",), pytest.approx((100,))),
        (("pool1",), pytest.approx((20,))),
        (("conv2",), pytest.approx((200,))),
        (("pool2",), pytest.approx((10,))),
        (("fc1", "relu1"), pytest.approx((300,))),
        (("fc2",), pytest.approx((30,))),
        (("prob",), pytest.approx((5,))),
    ]
    assert profile.unmatched_us == pytest.approx((7,))


def test_it_converts_once_and_runs_exactly_as_often_as_asked(place, lenet_file, lenet_outline):
    programs.trtexec(place)
    drain(ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, batch=4)))
    [build] = calls(place, "--onnx")
    assert "--buildOnly" in build
    assert "--shapes=input:4x1x28x28" in build
    assert "--noTF32" in build
    runs = calls(place, "--loadEngine")
    assert all("--iterations=8" in run or "--iterations=6" in run for run in runs)
    assert all({"--warmUp=0", "--shapes=input:4x1x28x28"} <= set(run) for run in runs)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_it_converts_to_the_precision(place, lenet_file, lenet_outline, precision):
    programs.trtexec(place)
    drain(ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, precision=precision)))
    [build] = calls(place, "--onnx")
    assert f"--{precision}" in build
    assert "--noTF32" not in build


@pytest.mark.parametrize(("layer_info", "asked"), [("", 0), ("8.2", 1)])
def test_only_releases_that_know_it_are_asked_for_the_layers(place, lenet_file, lenet_outline, layer_info, asked):
    programs.trtexec(place, "8201" if layer_info else "8001", layer_info=layer_info)
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert len(calls(place, "--exportLayerInfo")) == asked
    assert len(profile.layers) == 7


def test_releases_that_tell_no_times_under_the_profiler(place, lenet_file, lenet_outline):
    programs.trtexec(place, times_with_profile=False)
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert profile.profiled_ms == ()
    assert len(profile.layers) == 7
    assert profile.reconciliation.profiling_overhead_pct is None


def test_memory_is_that_of_the_program(place, lenet_file, lenet_outline):
    programs.trtexec(place, sleep=0.01)
    memory = drain(ThisComputer().profile(lenet_file, lenet_outline, FEW)).memory
    assert memory is not None
    assert 1 < memory.after_load_mb < 200  # a bare Python is what stands for it here
    if memory.after_run_mb is not None:  # the program may have ended before it was looked at: then it is not known
        assert memory.after_run_mb >= memory.after_load_mb * 0.9


def test_energy_is_read_while_its_timed_loop_runs(place, lenet_file, lenet_outline, still_meter):
    """Its start and its end are no part of the window: 10 ms for each inference, and little more."""
    programs.trtexec(place, sleep=0.01)
    here = ThisComputer(extra={"root": still_meter, "energy_seconds": 0.5})
    power = drain(here.profile(lenet_file, lenet_outline, FEW)).power
    assert power is not None
    assert power.inferences > 20
    assert 0.01 <= (power.run_stop - power.run_start) / power.inferences < 0.015


def test_a_network_that_it_cannot_read_has_its_words(place, relu_file, lenet_outline):
    programs.trtexec(place)
    with pytest.raises(Failed, match=r"ModelImporter\.cpp:735: Failed to parse ONNX model") as caught:
        drain(ThisComputer().profile(relu_file(["N", 3], op="Frobnicate"), lenet_outline, FEW))
    assert "--onnx=" in caught.value.evidence


def test_a_batch_that_is_fixed_in_the_file(place, relu_file, lenet_outline):
    programs.trtexec(place)
    with pytest.raises(BadInput, match="fixed at a batch of 2"):
        drain(ThisComputer().profile(relu_file([2, 3]), lenet_outline, replace(FEW, batch=4)))
    drain(ThisComputer().profile(relu_file([2, 3]), lenet_outline, FEW))
    assert calls(place, "--shapes") == []  # it refuses sizes for inputs that leave none open


def test_a_comparison_converts_each_network_once(place, lenet_file, gemm_chain):
    programs.trtexec(place)
    result = drain(ThisComputer().compare([lenet_file, gemm_chain(2)], ["A", "B"], replace(FEW, warmup=1), rounds=5))
    assert [len(rounds) for rounds in result.rounds_ms] == [5, 5]
    assert len(calls(place, "--onnx")) == 2


def test_cancelling_ends_it_too(place, lenet_file, lenet_outline, temporary, children):
    programs.trtexec(place, sleep=0.05)
    job = ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, runs=10**6))
    while not calls_of_a_run(place):
        next(job)
    assert any("trtexec" in " ".join(child.cmdline()) for child in children())
    job.close()
    assert children() == []
    assert list(temporary.iterdir()) == []


def test_it_ends_with_a_killed_agent(place, lenet_file, lenet_outline, children):
    programs.trtexec(place, sleep=0.05)
    job = ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, runs=10**6))
    while not calls_of_a_run(place):
        next(job)
    [program] = [child for child in children() if "trtexec" in " ".join(child.cmdline()[:2])]
    [agent] = [child for child in children() if "agent.py" in " ".join(child.cmdline())]
    agent.kill()
    psutil.wait_procs([program], timeout=5)
    assert not program.is_running() or program.status() == psutil.STATUS_ZOMBIE
    with pytest.raises(Failed):
        drain(job)


def calls_of_a_run(place: Path) -> bool:
    return (place / "calls").exists() and bool(calls(place, "--loadEngine"))
