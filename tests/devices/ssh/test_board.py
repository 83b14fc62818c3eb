"""A board over a real OpenSSH server on loopback: a network is profiled there, and nothing stays."""

import hashlib

import onnxruntime
import pytest

from devices.address_book import AddressBook
from devices.boards.board import Board
from devices.registry import device, devices
from profiler.errors import BadInput
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from tests.devices.far_side import at_work, left_on

FEW = ProfileSettings(runs=8, warmup=2)
ENDLESS = ProfileSettings(runs=10**9, warmup=0)


def running(job) -> None:
    """Go on with an endless job until it is in the middle of its runs."""
    while not next(job).text.startswith("Run "):
        pass


def test_a_real_network_is_profiled_at_the_end_of_a_line(sshd, trusted, lenet, lenet_file, lenet_outline):
    profile = drain(Board(trusted(sshd)).profile(lenet_file, lenet_outline, FEW))
    assert profile.device.name == "tx2"
    assert profile.device.engines["onnxruntime"] == onnxruntime.__version__
    assert len(profile.latencies_ms) == FEW.runs
    assert profile.network == hashlib.sha256(lenet_file.read_bytes()).hexdigest()
    weighty = {node.name for node in lenet.model.graph if node.op_type in ("Conv", "Gemm", "MatMul")}
    assert len(weighty) == 4
    assert weighty <= {name for layer in profile.layers for name in layer.covers}
    assert profile.complete


def test_files_are_named_by_their_digest_kept_while_the_line_lasts_and_gone_with_it(
    sshd, trusted, lenet_file, lenet_outline
):
    board = Board(trusted(sshd))
    drain(board.profile(lenet_file, lenet_outline, FEW))
    [folder] = sshd.temporary.iterdir()
    digest = hashlib.sha256(lenet_file.read_bytes()).hexdigest()
    first = {path.name: path.stat() for path in folder.iterdir()}
    assert f"LeNet-5-{digest[:16]}.onnx" in first
    assert [name for name in first if name.startswith("agent-")] == [
        f"agent-{hashlib.sha256(board.session.agent.read_bytes()).hexdigest()[:16]}.py"
    ]
    assert not [name for name in first if name.startswith("run-")]
    assert folder.stat().st_mode & 0o777 == 0o700
    drain(board.profile(lenet_file, lenet_outline, FEW))
    second = {path.name: path.stat() for path in folder.iterdir()}
    assert {name: each.st_mtime_ns for name, each in first.items()} == {
        name: each.st_mtime_ns for name, each in second.items()
    }
    assert len(sshd.log.split("Accepted publickey")) - 1 == 1
    board.session.shell._lines.close()
    assert left_on(sshd) == []
    assert at_work(sshd) == []


def test_two_networks_are_compared_there(sshd, trusted, lenet_file, gemm_chain):
    compared = drain(
        Board(trusted(sshd)).compare([lenet_file, gemm_chain(2)], "AB", ProfileSettings(runs=10, warmup=1), rounds=5)
    )
    assert [len(each) for each in compared.rounds_ms] == [5, 5]


def test_cancelling_ends_what_runs_there_and_keeps_the_line(sshd, trusted, lenet_file, lenet_outline):
    board = Board(trusted(sshd))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    running(job)
    assert [line for line in at_work(sshd, 0) if "agent-" in line]
    job.close()
    assert not [line for line in at_work(sshd, 0) if "agent-" in line]
    [folder] = sshd.temporary.iterdir()
    assert not [path for path in folder.iterdir() if path.name.startswith("run-")]
    drain(board.profile(lenet_file, lenet_outline, FEW))
    assert len(sshd.log.split("Accepted publickey")) - 1 == 1


def test_what_the_agent_says_of_a_bad_network_comes_back(sshd, trusted, tmp_path, lenet_outline):
    path = tmp_path / "it’s bad; rm -rf $HOME.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(BadInput, match="cannot load"):
        drain(Board(trusted(sshd)).profile(path, lenet_outline, FEW))


def test_boards_of_the_address_book_are_devices(sshd, trusted):
    address = trusted(sshd, title="TX2 in the lab")
    book = AddressBook.load()
    book.add(address)
    book.save()
    assert [each.name for each in devices()] == ["cpu", "tx2"]
    board = device("TX2")
    assert board.title == "TX2 in the lab"
    assert board.facts().name == "tx2"
    with pytest.raises(BadInput, match="“nano”") as caught:
        device("nano")
    assert "tx2 (TX2 in the lab)" in caught.value.fix


def test_a_line_that_nobody_uses_ends_and_the_next_run_dials_in_again(
    sshd, trusted, lenet_file, lenet_outline, monkeypatch
):
    monkeypatch.setattr("devices.ssh.line.IDLE", 2.0)
    monkeypatch.setattr("devices.ssh.line.BEAT", 0.1)
    board = Board(trusted(sshd))
    for lines in (1, 2):
        assert drain(board.profile(lenet_file, lenet_outline, FEW)).complete
        assert sshd.log.count("Accepted publickey") == lines
        assert left_on(sshd, 20) == []
        assert at_work(sshd) == []
