"""Power and energy over a simulated TX2: through the real jtop service, tegrastats’ lines, and the kernel’s files.

Nothing here was seen on a real Jetson. What is real is the service, its library, the agent and all that comes after.
"""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from devices.agent_device import AgentDevice
from devices.boards.this_computer import ThisComputer
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from tests.devices.jetson_sim import harness

CONSTANT, SQUARE = 0.02, 0.05  # relative errors of the energy that are allowed
SETTINGS = ProfileSettings(runs=20, warmup=2)


@pytest.fixture(scope="module")
def jtop(tmp_path_factory):
    if why := harness.missing():
        pytest.skip(why)
    with harness.jtop_board(tmp_path_factory.mktemp("jtop")) as board:
        yield board


@pytest.fixture
def files(tmp_path):
    board = harness.FileBoard(tmp_path)
    board.tree.tick()
    yield board
    board.tree.quiet()


@pytest.fixture(params=["jtop", "tegrastats", "ina3221"])
def board(request):
    """The board with each source of power in turn: (board, name of the source)."""
    if request.param == "jtop":
        return request.getfixturevalue("jtop"), "jtop"
    found = request.getfixturevalue("files")
    if request.param == "tegrastats":
        found.with_tegrastats()
    return found, request.param


def tx2(board) -> AgentDevice:
    session = board.session() if isinstance(board, harness.JtopBoard) else ThisComputer().session
    return AgentDevice("tx2", "TX2", session, board.extra)


@pytest.mark.slow
def test_energy_of_a_constant_power(board):
    board, meter = board
    found = harness.measure(board, meter, lambda: board.tree.power("VDD_IN", 9.0), seconds=3.0)
    assert found.true_joules == pytest.approx(9.0 * (found.power.run_stop - found.power.run_start))
    assert abs(found.error) <= CONSTANT
    assert found.power.rail == "VDD_IN"
    assert found.power.baseline_watts == pytest.approx(2.5, rel=CONSTANT)
    above_idle = (9.0 - 2.5) * (found.power.run_stop - found.power.run_start) * 1000 / 100
    assert found.power.energy_mj == pytest.approx(above_idle, rel=CONSTANT)


@pytest.mark.slow
def test_energy_of_a_square_wave(board):
    board, meter = board
    found = harness.measure(board, meter, lambda: board.tree.square("VDD_IN", (4.0, 14.0), 0.5), seconds=8.0)
    assert abs(found.error) <= SQUARE
    in_run = zip(found.power.seconds, found.power.watts, strict=True)
    start, stop = found.power.run_start, found.power.run_stop
    assert {watts for second, watts in in_run if start <= second <= stop} == {4.0, 14.0}


@pytest.mark.slow
def test_a_rail_that_changes_in_the_middle_of_the_run_changes_the_energy(jtop):
    def rise() -> None:
        jtop.tree.power("VDD_IN", 6.0)
        threading.Timer(2.4, lambda: jtop.tree.power("VDD_IN", 12.0)).start()

    found = harness.measure(jtop, "jtop", rise, seconds=4.0)
    assert 6.0 * 4 * 1.2 < found.true_joules < 12.0 * 4 * 0.8  # part of it at each level
    assert abs(found.error) <= CONSTANT


@pytest.mark.slow
def test_a_profile_through_jtop(jtop, lenet_file, lenet_outline):
    jtop.tree.power("VDD_IN", 7.0)
    profile = drain(tx2(jtop).profile(lenet_file, lenet_outline, SETTINGS))
    assert (profile.device.model, profile.device.l4t) == ("Jetson TX2 (quill)", "32.7.1")
    assert (profile.device.jetpack, profile.device.gpu) == ("4.6.1", "GP10B (Pascal)")
    assert profile.device.meters[0] == "jtop"
    assert (profile.power.source, profile.power.rail) == ("jtop", "VDD_IN")
    assert profile.power.mean_watts == pytest.approx(7.0, rel=CONSTANT)
    assert "VDD_SYS_GPU" in {rail.name for rail in profile.power.rails}
    assert 0 < profile.power.monitor_cpu < 0.5
    assert set(profile.board.series) >= {"cpu_load", "gpu_load", "memory_mb", "gpu_memory_mb", "temperature_c"}
    assert any("clocks of TX2 are not locked" in warning for warning in profile.load.warnings)
    assert any("sudo jetson_clocks" in warning for warning in profile.load.warnings)


@pytest.mark.slow
def test_the_gpu_memory_of_the_agent_alone_is_its_own(jtop, lenet_file, lenet_outline):
    job = tx2(jtop).profile(lenet_file, lenet_outline, SETTINGS)
    try:
        while "power_w" not in next(job).figures:
            pass
        agents = [
            child for child in psutil.Process().children(recursive=True) if "agent.py" in " ".join(child.cmdline())
        ]
        jtop.tree.gpu_memory(agents[0].pid, 512000)
        profile = drain(job)
    finally:
        jtop.tree.gpu_memory(1, 0)
    assert profile.memory.gpu_mb == pytest.approx(512000 * 1024 / 1e6)


def test_watching_through_jtop(jtop, children):
    jtop.tree.power("VDD_IN", 5.5)
    job = tx2(jtop).watch()
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until and next(job).figures.get("power_w") != 5.5:
            pass
        jtop.tree.power("VDD_IN", 8.5)
        while time.monotonic() < until and (figures := next(job).figures).get("power_w") != 8.5:
            pass
    finally:
        job.close()
    assert figures["rail:VDD_IN"] == 8.5
    assert figures["rail:VDD_SYS_GPU"] == pytest.approx(0.306)  # 19152 mV × 16 mA
    assert (figures["gpu_load"], figures["temperature_c"]) == (pytest.approx(0.457), 38.5)
    assert figures["cpu_load"] == pytest.approx(0.25, abs=0.03)  # as `tick` has it, of every core
    assert not [child for child in children() if "agent.py" in " ".join(child.cmdline())]


def test_a_service_that_dies_is_told_and_the_profile_is_kept(tmp_path, lenet_file, lenet_outline):
    if why := harness.missing():
        pytest.skip(why)
    with harness.jtop_board(tmp_path) as board:
        job = tx2(board).profile(lenet_file, lenet_outline, SETTINGS)
        while "power_w" not in next(job).figures:
            pass
        os.killpg(board.service.pid, signal.SIGKILL)
        profile = drain(job)
    assert len(profile.latencies_ms) == SETTINGS.runs
    assert profile.power is None or profile.power.energy_mj is None
    assert any("could not be read from jtop" in warning for warning in profile.load.warnings)


def test_without_the_service_the_next_source_is_taken(files, lenet_file, lenet_outline):
    profile = drain(tx2(files).profile(lenet_file, lenet_outline, SETTINGS))
    assert profile.device.meters == ("ina3221",)
    assert (profile.power.source, profile.power.rail) == ("INA3221", "VDD_IN")
    assert profile.power.energy_mj is not None


def test_a_source_that_is_asked_for_and_not_there_is_told(files, lenet_file, lenet_outline):
    settings = ProfileSettings(runs=5, warmup=1, meter="tegrastats")
    profile = drain(tx2(files).profile(lenet_file, lenet_outline, settings))
    assert profile.power is None
    assert "TX2’s power could not be read from tegrastats: it is not there." in profile.load.warnings


SAYING = "#!/bin/sh\nwhile true; do {}; sleep 0.05; done\n"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("#!/bin/sh\nexit 1\n", "printed no line"),
        ("#!/bin/sh\nexec sleep 60\n", "printed no line"),
        (SAYING.format("echo RAM 598/1892MB cpu [0%,off,off,off]@-1 EDP limit 0"), "tells no rails"),
        (SAYING.format("head -c 3000000 /dev/zero"), "printed no line"),
    ],
)
def test_a_tegrastats_that_is_no_meter_gives_way_to_the_next(
    files, lenet_file, lenet_outline, children, program, words
):
    files.with_tegrastats(program)
    profile = drain(tx2(files).profile(lenet_file, lenet_outline, ProfileSettings(runs=5, warmup=1)))
    assert profile.power.source == "INA3221"
    assert any("tegrastats" in warning and words in warning for warning in profile.load.warnings)
    assert children() == []


def test_a_tegrastats_that_lies_is_reported_and_never_trusted(files, lenet_file, lenet_outline):
    line = "RAM 1/2MB VDD_IN 5000/5000\\nRAM 1/2MB VDD_IN -7/1\\nRAM 1/2MB VDD_IN nan/1\\nRAM 1/2MB VDD_IN 99999999/1"
    files.with_tegrastats(SAYING.format(f"printf '{line}\\n'"))
    profile = drain(tx2(files).profile(lenet_file, lenet_outline, ProfileSettings(runs=5, warmup=1)))
    assert set(profile.power.watts) == {5.0}
    assert any("“99999999” for VDD_IN" in warning for warning in profile.load.warnings)


def test_a_tegrastats_that_ends_leaves_what_the_board_does(files, lenet_file, lenet_outline):
    files.with_tegrastats("#!/bin/sh\nfor i in 1 2 3 4 5; do echo RAM 1/2MB VDD_IN 5000/5000; sleep 0.1; done\n")
    profile = drain(tx2(files).profile(lenet_file, lenet_outline, ProfileSettings(runs=5, warmup=1)))
    assert profile.power is None or profile.power.energy_mj is None
    assert any("read from tegrastats: it ended" in warning for warning in profile.load.warnings)
    assert profile.board.seconds[-1] > profile.board.run_stop


def test_the_cost_of_a_program_that_tells_power_counts(files):
    files.with_tegrastats()
    found = harness.measure(files, "tegrastats", lambda: files.tree.power("VDD_IN", 5.0), seconds=1.0)
    assert found.report["source_cpu_s"] > 0
    assert found.power.monitor_cpu > found.report["source_cpu_s"] / found.report["seconds"]


def test_the_harness_leaves_nothing_behind(tmp_path, children):
    if why := harness.missing():
        pytest.skip(why)
    with harness.jtop_board(tmp_path) as board:
        assert Path(f"/proc/{board.service.pid}/root/run/jtop.sock").exists()
    assert children() == []
    assert not Path("/run/jtop.sock").exists()
    assert not Path("/etc/nv_tegra_release").exists()
