"""Twenty faults at random moments of runs on a board behind a jump host: none hangs, loses or leaves anything."""

import random

import psutil
import pytest

from devices.boards.board import Board
from devices.session import LineLost
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from tests.devices.far_side import at_work, left_on, trust
from tests.devices.faults import Soak, Stage, count
from tests.devices.sshd import user

FAULTS = 20
SEED = 20
NOTICED = 4.0  # seconds; a silent link is noticed after (KEEPALIVE_COUNT + 1) · KEEPALIVE, here 1.5


@pytest.fixture
def soak(server, link, address, keys, home, lenet_file, lenet_outline, monkeypatch) -> Soak:
    """With keepalives eight times as fast as in use, so that twenty faults take a minute."""
    for name, seconds in (("options.KEEPALIVE", 0.5), ("line.BEAT", 0.5), ("line.SILENCE", 2.0)):
        monkeypatch.setattr(f"devices.ssh.{name}", seconds)
    board, gate = server("board"), server("gate")
    cut = link(gate.port)
    (home / ".ssh" / "config").write_text(f"Host *\n  IdentityFile {keys / 'mine'}\n")
    trust(gate, cut.port)
    trust(board)
    there = address(board, jump=f"{user()}@127.0.0.1:{cut.port}")
    return Soak(Stage(board, gate, cut), Board(there), lenet_file, lenet_outline, random.Random(SEED))


@pytest.mark.slow
def test_twenty_faults_at_random(soak):
    children = set(psutil.Process().children(recursive=True))
    for _ in range(FAULTS):
        struck = soak.strike()
        assert struck.noticed < NOTICED, struck
        assert isinstance(struck.failure, LineLost) or not struck.told, struck
        if struck.told:
            assert struck.kept is not None, struck
            assert len(struck.kept.latencies_ms) >= struck.told, struck
            assert not struck.kept.complete
    assert len(count(soak.struck)) >= 5  # of the seven kinds
    assert sum(each.told > 0 for each in soak.struck) >= FAULTS // 4  # not all struck before the first run

    last = drain(soak.board.profile(soak.network, soak.outline, ProfileSettings(runs=5, warmup=1)))
    assert last.complete
    soak.board.session.shell._lines.close()
    board, gate = soak.stage.board, soak.stage.gate
    assert left_on(board) == []
    assert at_work(board) == []
    assert at_work(gate) == []
    ours = set(psutil.Process().children(recursive=True)) - children
    servers = {each for server in (board, gate) for each in server.family()}
    assert [each for each in ours - servers if each.is_running()] == []
    assert [each for each in servers if each.status() == psutil.STATUS_ZOMBIE] == []
