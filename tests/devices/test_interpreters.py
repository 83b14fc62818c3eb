"""The agent under every interpreter that is here: those of pyenv, the system's own, PyPy; and with a TX2's libraries.

`make test-old` makes an environment of Python 3.6 with onnxruntime 1.10 and OpenCV 4.5, which is what JetPack 4.6 on a
TX2 can have, and sets NETBONSAI_OLD_PYTHON to it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from devices.agent_device import AgentDevice
from devices.session import Session
from devices.shell import LocalShell
from profiler.errors import Failed
from profiler.measurement import ProfileSettings
from profiler.progress import drain

OLD = os.environ.get("NETBONSAI_OLD_PYTHON", "")
FEW = ProfileSettings(runs=6, warmup=1)


def interpreters() -> list[str]:
    """Paths of Pythons from 3.4 on, one of each release."""
    found = sorted(map(str, Path.home().glob(".pyenv/versions/3.*/bin/python3")))
    found += [path for name in ("python3", "pypy3") if (path := shutil.which(name, path="/usr/bin:/usr/local/bin"))]
    releases: dict[str, str] = {}
    for path in found:
        ask = "import sys, platform; print(platform.python_implementation(), *sys.version_info[:2])"
        said = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
        if said and tuple(map(int, said.split()[1:])) >= (3, 4):
            releases.setdefault(said, path)
    return list(releases.values())


def device(python: str) -> AgentDevice:
    return AgentDevice("old", "The old one", Session(LocalShell(), "The old one", python=(python, "-I")))


@pytest.mark.parametrize("python", interpreters())
def test_it_says_hello(python):
    facts = device(python).facts()
    told = "import platform; print(platform.python_version())"
    assert facts.python == subprocess.run([python, "-c", told], capture_output=True, text=True).stdout.strip()
    assert facts.cores == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("python", interpreters())
def test_it_says_what_is_missing(python, lenet_file, lenet_outline):
    there = device(python)
    if "onnxruntime" in there.facts().engines:
        pytest.skip("This one has onnxruntime.")
    with pytest.raises(Failed, match="has no onnxruntime that loads"):
        drain(there.profile(lenet_file, lenet_outline, FEW))


@pytest.fixture(scope="module")
def old():
    if not OLD:
        pytest.skip("NETBONSAI_OLD_PYTHON is not set: make test-old does it.")
    return device(OLD)


def test_the_engines_of_a_tx2(old):
    facts = old.facts()
    assert facts.python.startswith("3.6.")
    assert facts.engines["onnxruntime"] == "1.10.0"
    assert facts.engines["opencv"].startswith("4.5.")


@pytest.mark.parametrize("engine", ["onnxruntime", "opencv"])
def test_the_engines_of_a_tx2_measure_every_layer(old, lenet_file, lenet_outline, lenet, engine):
    profile = drain(old.profile(lenet_file, lenet_outline, ProfileSettings(runs=6, warmup=1, engine=engine)))
    assert len(profile.latencies_ms) == 6
    covered = {name for layer in profile.layers for name in layer.covers}
    assert {node.name for node in lenet.model.graph if node.op_type in ("Conv", "Gemm")} <= covered
    assert profile.memory is not None
    assert profile.memory.after_run_mb > 431_080 * 4 / 1e6  # LeNet's weights at least


@pytest.mark.parametrize("engine", ["onnxruntime", "opencv"])
def test_the_engines_of_a_tx2_sweep(old, lenet_file, engine):
    settings = ProfileSettings(runs=4, warmup=1, engine=engine)
    sweep = drain(old.sweep(lenet_file, settings, [1, 4], [1]))
    assert [(point.batch, len(point.latencies_ms), point.refused) for point in sweep.points] == [(1, 4, ""), (4, 4, "")]
