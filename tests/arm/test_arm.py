"""The agent on arm64, over the protocol it speaks everywhere: `make test-arm` makes the userland and runs this.

qemu computes what an arm64 processor would, some hundred times slower: times say nothing, everything else does.
"""

import os
import shutil
from pathlib import Path

import pytest

from devices.agent_device import AgentDevice
from devices.session import Session
from devices.shell import LocalShell
from profiler import zoo
from profiler.errors import Failed
from profiler.measurement import ProfileSettings
from profiler.network import save
from profiler.progress import drain
from profiler.trace import outline

ROOT = os.environ.get("NETBONSAI_ARM", "")
QEMU = shutil.which("qemu-aarch64-static") or ""
pytestmark = pytest.mark.skipif(not (ROOT and QEMU), reason="NETBONSAI_ARM is not set: make test-arm does it.")
FEW = ProfileSettings(runs=4, warmup=1)


@pytest.fixture(scope="module")
def board():
    python = (QEMU, "-L", ROOT, f"{ROOT}/usr/bin/python3.11", "-I")
    return AgentDevice("arm", "The arm64 board", Session(LocalShell(), "The arm64 board", python=python))


@pytest.fixture(scope="module")
def lenet_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "LeNet-5.onnx"
    save(zoo.build("LeNet-5"), path)
    return path


def test_its_python_is_one_of_arm64():
    elf = Path(ROOT, "usr/bin/python3.11").read_bytes()[:20]
    assert elf[:4] == b"\x7fELF"
    assert int.from_bytes(elf[18:20], "little") == 183  # EM_AARCH64


def test_hello(board):
    facts = board.facts()
    assert facts.python.startswith("3.11.")
    assert set(facts.engines) == {"onnxruntime"}


def test_profile(board, lenet_file):
    network = zoo.build("LeNet-5")
    profile = drain(board.profile(lenet_file, outline(network), FEW))
    assert len(profile.latencies_ms) == FEW.runs
    covered = {name for row in profile.layers for name in row.covers}
    assert {node.name for node in network.model.graph if node.op_type in ("Conv", "Gemm")} <= covered
    assert profile.memory is not None


def test_compare(board, lenet_file, tmp_path):
    small = tmp_path / "small.onnx"
    save(zoo.build("ResNet-8"), small)
    result = drain(board.compare([lenet_file, small], ["A", "B"], FEW, rounds=5))
    assert [len(rounds) for rounds in result.rounds_ms] == [5, 5]


def test_sweep(board, lenet_file):
    sweep = drain(board.sweep(lenet_file, FEW, [1, 2], [1]))
    assert [(point.batch, len(point.latencies_ms)) for point in sweep.points] == [(1, 4), (2, 4)]


def test_a_network_that_is_none(board, tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"this is no network")
    with pytest.raises(Exception, match=r"cannot load “broken\.onnx”"):
        drain(board.profile(path, outline(zoo.build("LeNet-5")), FEW))


def test_an_engine_that_is_not_there(board, lenet_file):
    settings = ProfileSettings(runs=4, engine="opencv")
    with pytest.raises(Failed, match="no OpenCV that loads"):
        drain(board.profile(lenet_file, outline(zoo.build("LeNet-5")), settings))
