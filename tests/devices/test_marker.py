"""The marker from end to end: the agent makes its bursts, something beside it records them, and they are found again.

In place of a power meter, the processor time of the agent and its children is recorded, as if each core took 4 W.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from devices.power.meter import Readings, align, metered
from devices.power.trace import watched
from devices.session import AGENT
from profiler.measurement import DeviceFacts, Profile, ProfileSettings

IDLE, CORE = 2.0, 4.0  # watts
AGENT_WITH_SHORT_WINDOWS = """
import importlib.util, json, sys, time
spec = importlib.util.spec_from_file_location("agent", sys.argv[1])
agent = importlib.util.module_from_spec(spec)
spec.loader.exec_module(agent)
agent.MARKER_BURST, agent.MARKER_PAUSES, agent.OUTSIDE_PERIOD = 0.8, (1.0, 0.8, 1.6), 0.1
agent.cores = lambda: 2
voice = agent.Voice()
monitor = agent.Monitor(voice, {"marker": True, "root": sys.argv[2]})
time.sleep(0.5)
monitor.begin()
monitor.idle()
start = monitor.mark()
agent.busy_cores(2.0)
monitor.run(start, monitor.mark(), 10)
monitor.idle()
voice.say({"type": "result", "monitor": monitor.end()})
"""


def core_seconds(process: psutil.Process) -> float:
    """Processor time of a process and of those it started, by the scheduler's own clock."""
    found = 0.0
    for each in [process, *process.children()]:
        try:
            found += int(Path(f"/proc/{each.pid}/schedstat").read_text().split()[0]) / 1e9
        except OSError:  # it has ended
            continue
    return found


def recorded(agent: subprocess.Popen) -> tuple[float, Readings]:
    """What a meter would have shown until the agent ends, and when its recording began."""
    process, began = psutil.Process(agent.pid), time.time()
    seconds, watts, before = [], [], (0.0, 0.0)
    while agent.poll() is None:
        time.sleep(0.04)
        now = (time.time() - began, core_seconds(process))
        # a child that has ended takes its time with it: nothing is known of that interval
        share = max(0.0, now[1] - before[1]) / (now[0] - before[0])
        seconds.append((now[0] + before[0]) / 2)
        watts.append(IDLE + CORE * share)
        before = now
    return began, Readings("beside.csv", ("Time", "Power"), tuple(seconds), tuple(watts))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_bursts_that_the_agent_made_are_found_in_what_was_recorded(tmp_path):
    command = [sys.executable, "-c", AGENT_WITH_SHORT_WINDOWS, str(AGENT), str(tmp_path)]
    agent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        began, readings = recorded(agent)
        output, _ = agent.communicate()
    finally:
        agent.kill()
        agent.wait()
    messages = [json.loads(line) for line in output.splitlines()]
    report = messages[-1]["monitor"]
    assert [len(report["marker"]), len(report["idle"]), report["source"]] == [3, 2, ""]
    board = watched(messages, report, "TK1").board
    profile = Profile("", DeviceFacts("tk1"), ProfileSettings(marker=True), "", (1.0,), board=board)
    found = align(readings, profile)
    true = began - board.epoch
    assert abs(found.offset_s - true) <= 0.1
    power = metered(readings, profile, found.offset_s)
    assert power.idle_watts == pytest.approx(IDLE, abs=0.5)
    assert power.mean_watts > IDLE + 0.4 * CORE  # at least most of one core, however busy the machine is
    assert power.energy_mj > 0
