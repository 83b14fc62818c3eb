"""Lines lost in the middle of a run: it is noticed in time, what was heard is kept, and nothing stays there."""

import os
import pickle
import signal
import time
from contextlib import suppress

import psutil
import pytest

from devices.boards.board import Board
from devices.messages import understood
from devices.session import LineLost, Session
from devices.ssh import ChangedHost, LoginRefused, UnknownHost
from devices.ssh.shell import SshShell
from profiler.errors import Failed
from profiler.measurement import ProfileSettings
from profiler.progress import drain
from tests.devices.far_side import at_work, left_on

FEW = ProfileSettings(runs=8, warmup=2)
ENDLESS = ProfileSettings(runs=10**9, warmup=0)
NOTICED = 15.0  # seconds, the bar for a pulled cable


def measuring(job, runs: int = 3) -> None:
    """Go on with an endless job until some runs have been told."""
    seen = 0
    while seen < runs:
        seen += next(job).text.startswith("Run ")


def lost(job) -> tuple[LineLost, float]:
    """The loss that ends a job, and after how many seconds."""
    start = time.monotonic()
    with pytest.raises(LineLost) as caught:
        drain(job)
    return caught.value, time.monotonic() - start


def agents(server) -> list[psutil.Process]:
    """The agents at work for a line to the server."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            folder = each.environ().get("NETBONSAI_FOLDER", "")
            if folder.startswith(str(server.temporary)) and "agent-" in " ".join(each.cmdline()):
                found.append(each)
    return found


def keepers(server) -> list[psutil.Process]:
    return [each for each in server.family() if any("b64decode" in word for word in each.cmdline()[-3:])]


def check_partial(partial) -> None:
    assert partial is not None
    assert not partial.complete
    assert len(partial.latencies_ms) >= 1
    assert min(partial.latencies_ms) > 0
    assert partial.device.engines["onnxruntime"]
    assert partial.layers == ()
    assert "cut short" in partial.load.warnings[0]


def test_a_server_that_is_killed_in_the_middle_leaves_a_partial_result_and_the_next_run_connects_anew(
    server, trusted, lenet_file, lenet_outline
):
    sshd = server()
    board = Board(trusted(sshd, title="TX2 in the lab"))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    sshd.kill_sessions()
    failure, seconds = lost(job)
    check_partial(failure.partial)
    assert seconds < 3
    assert "TX2 in the lab" in failure.what
    profile = drain(board.profile(lenet_file, lenet_outline, FEW))
    assert profile.complete
    board.session.shell._lines.close()
    assert left_on(sshd) == []
    assert at_work(sshd) == []


def test_a_reset_link_is_noticed_at_once(sshd, link, trusted, lenet_file, lenet_outline):
    cut = link(sshd.port)
    board = Board(trusted(sshd, port=cut.port))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    cut.reset()
    failure, seconds = lost(job)
    check_partial(failure.partial)
    assert seconds < 3
    assert left_on(sshd) == []
    assert at_work(sshd) == []
    assert drain(board.profile(lenet_file, lenet_outline, FEW)).complete


@pytest.mark.slow
def test_a_pulled_cable_is_noticed_in_time_on_both_sides(sshd, link, trusted, lenet_file, lenet_outline):
    cut = link(sshd.port)
    board = Board(trusted(sshd, port=cut.port))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    cut.silence()
    failure, seconds = lost(job)
    check_partial(failure.partial)
    assert seconds <= NOTICED
    assert "keepalive" in failure.evidence
    there = time.monotonic()
    assert left_on(sshd, NOTICED) == []  # the keeper heard nothing either
    assert [each for each in at_work(sshd, 5.0) if "sshd" not in each] == []
    assert time.monotonic() - there < NOTICED


def test_who_reconnects_at_once_ends_what_the_lost_line_left(sshd, link, trusted, lenet_file, lenet_outline):
    """The far side of a dead link thinks it alive for some seconds: its agent must not disturb the next measurement."""
    cut = link(sshd.port)
    board = Board(trusted(sshd, port=cut.port))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    [old] = agents(sshd)
    cut.silence()
    board.session.shell._line().abort("as when this side notices first")
    lost(job)
    assert old.is_running()
    assert drain(board.profile(lenet_file, lenet_outline, FEW)).complete
    assert not old.is_running()
    assert len(list(sshd.temporary.iterdir())) == 1


def test_an_agent_that_is_killed(sshd, trusted, lenet_file, lenet_outline):
    board = Board(trusted(sshd))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    [agent] = agents(sshd)
    agent.kill()
    failure, seconds = lost(job)
    check_partial(failure.partial)
    assert "killed by signal 9" in failure.what
    assert seconds < 3
    assert drain(board.profile(lenet_file, lenet_outline, FEW)).complete
    assert sshd.log.count("Accepted publickey") == 1  # the line itself was whole


def test_a_keeper_that_is_killed_ends_the_line_and_the_next_one_clears_up(sshd, trusted, lenet_file, lenet_outline):
    board = Board(trusted(sshd))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    [keeper] = keepers(sshd)
    keeper.kill()
    failure, _ = lost(job)
    check_partial(failure.partial)
    assert drain(board.profile(lenet_file, lenet_outline, FEW)).complete
    assert len(list(sshd.temporary.iterdir())) == 1
    board.session.shell._lines.close()
    assert left_on(sshd) == []
    assert at_work(sshd) == []


# ---------------------------------------------------------- agents of the tests' own

PRELUDE = "import ctypes, json, os, subprocess, sys, time\nrequest = json.loads(sys.stdin.readline())\n"
HELLO = "print(json.dumps({'type': 'progress', 'fraction': 0, 'text': 'Ready', 'figures': {}}), flush=True)\n"
IN_NATIVE_CODE = "ctypes.PyDLL(None).sleep(600)\n"  # holds the interpreter: no thread of Python's runs
WITH_A_CHILD = "subprocess.Popen(['sleep', '600'], start_new_session=True)\n"


@pytest.fixture
def odd(sshd, trusted, tmp_path):
    """A conversation with an agent of the test's own, on the far side."""

    def make(script: str) -> Session:
        agent = tmp_path / "agent.py"
        agent.write_text(PRELUDE + script)
        address = trusted(sshd)
        return Session(SshShell(address), "TX2", python=(address.python,), agent=agent)

    return make


def ready(job) -> None:
    while next(job).text != "Ready":
        pass


def test_an_engine_that_hangs_in_native_code_and_its_child_end_when_the_job_is_cancelled(odd, sshd):
    job = odd(WITH_A_CHILD + HELLO + IN_NATIVE_CODE).ask({})
    ready(job)
    assert any("sleep 600" in each for each in at_work(sshd, 0))
    start = time.monotonic()
    job.close()
    assert time.monotonic() - start < 1.5
    assert [each for each in at_work(sshd, 0) if "sleep 600" in each or "agent-" in each] == []


def test_they_end_when_the_connection_ends(odd, sshd):
    job = odd(WITH_A_CHILD + HELLO + IN_NATIVE_CODE).ask({})
    ready(job)
    sshd.kill_sessions()
    lost(job)
    assert at_work(sshd) == []
    assert left_on(sshd) == []


def test_an_agent_that_ends_in_peace_takes_its_children_with_it(odd, sshd):
    drain(odd(WITH_A_CHILD + "print(json.dumps({'type': 'result'}), flush=True)\n").ask({}))
    assert [each for each in at_work(sshd, 0) if "sleep 600" in each] == []


@pytest.mark.parametrize(
    "line",
    [
        "Segmentation violation",
        '{"type": "latencies", "ms": [NaN]}',
        '{"type": "latencies", "ms": [-4.0]}',
        '{"type": "latencies", "ms": ["4"]}',
        '{"type": "hello", "facts": {"cores": -2}, "engines": {}}',
        '{"type": "hello", "facts": {"model": 7}, "engines": {}}',
        '{"type": "hello", "facts": {}, "engines": ["onnxruntime"]}',
        '{"type": "unheard of"}',
        "[" * 100_000,
        "\x1b[2J",
    ],
)
def test_a_line_that_is_no_message_is_reported_and_ends_the_agent(odd, sshd, line):
    with pytest.raises(Failed, match="not a message") as caught:
        drain(odd(f"print({line!r}, flush=True)\ntime.sleep(600)\n").ask({}))
    assert "\x1b" not in str(caught.value)
    assert [each for each in at_work(sshd, 0) if "agent-" in each] == []


def test_a_line_without_an_end_is_refused_before_it_takes_the_memory(odd, sshd):
    before = psutil.Process().memory_info().rss
    script = "block = b'x' * (1 << 20)\nfor _ in range(4000): os.write(1, block)\n"
    with pytest.raises(Failed, match="more than 32 MB"):
        drain(odd(script).ask({}))
    assert psutil.Process().memory_info().rss - before < 500e6  # of the 4 GB that it would say


def test_texts_steer_no_terminal():
    message = understood('{"type": "progress", "fraction": 0, "text": "a\\u001b[31mb\\u202ec\\td", "figures": {}}')
    assert message["text"] == "a[31mbc\td"


def test_an_answer_that_makes_no_sense_is_the_answers_fault(sshd, trusted, tmp_path, lenet_file, lenet_outline):
    agent = tmp_path / "agent.py"
    agent.write_text(
        PRELUDE + "print(json.dumps({'type': 'hello', 'facts': {}, 'engines': {}}))\n"
        "print(json.dumps({'type': 'result', 'memory_mb': 'plenty'}), flush=True)\n"
    )
    board = Board(trusted(sshd))
    board.session.agent = agent
    with pytest.raises(Failed, match="makes no sense"):
        drain(board.profile(lenet_file, lenet_outline, FEW))


@pytest.mark.parametrize(
    "error",
    [
        LineLost("what", "fix", "evidence", ({"type": "hello"},), ("partial",)),
        UnknownHost("host", 22, "ED25519", "SHA256:x", "host ssh-ed25519 AAAA"),
        ChangedHost("host", 22, "ED25519", "SHA256:x", "SHA256:y", "known_hosts, line 1"),
        LoginRefused("what", "fix", ("publickey",), "passphrase"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failures_survive_the_way_from_a_worker(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert vars(back) == vars(error)
    assert str(back) == str(error)


# ------------------------------------------------------------------ a full disk, a wrong clock


@pytest.fixture
def small(server, tmp_path):
    """A server whose temporary folder is on a disk of 1 MB."""
    if os.getuid() != 0:
        pytest.skip("only root mounts a small disk")
    folder = tmp_path / "small" / "far side’s tmp"
    return server("small", mounts=f"mount -t tmpfs -o size=12m none '{folder}'")


def far_names(server) -> list[str]:
    """What is in the temporary folder, as the server's own namespace sees it."""
    [listener] = [each for each in server.family() if each.name() == "sshd" and each.ppid() == os.getpid()] or [None]
    assert listener is not None
    return os.listdir(f"/proc/{listener.pid}/root{server.temporary}")  # noqa: PTH208


def test_a_full_disk_is_told_in_words_and_nothing_is_left(small, trusted, tmp_path, lenet_outline):
    large = tmp_path / "large.onnx"
    large.write_bytes(b"\0" * 20_000_000)
    board = Board(trusted(small))
    with pytest.raises(Failed, match=r"no room for 20\.0 MB .* MB are free") as caught:
        drain(board.profile(large, lenet_outline, FEW))
    assert "TMPDIR" in caught.value.fix
    [line] = far_names(small)
    assert os.listdir(f"{far_root(small)}/{line}") == ["keeper"]  # noqa: PTH208
    board.session.shell._lines.close()
    assert far_names(small) == []


def far_root(server) -> str:
    [listener] = [each for each in server.family() if each.name() == "sshd" and each.ppid() == os.getpid()]
    return f"/proc/{listener.pid}/root{server.temporary}"


def test_a_disk_that_fills_up_while_a_file_is_sent(small, trusted, tmp_path, lenet_outline, monkeypatch):
    """The board said that there is room; then another program takes it."""
    monkeypatch.setattr("devices.ssh.files.Shelf._has_room", has_room)
    large = tmp_path / "large.onnx"
    large.write_bytes(os.urandom(20_000_000))
    with pytest.raises(Failed, match=r"no room for 20\.0 MB"):
        drain(Board(trusted(small)).profile(large, lenet_outline, FEW))
    [line] = far_names(small)
    assert os.listdir(f"{far_root(small)}/{line}") == ["keeper"]  # noqa: PTH208


async def has_room(self, size: int) -> bool:
    return True


def test_networks_that_no_run_uses_make_room_for_the_next(small, trusted, lenet_file, lenet_outline, gemm_chain):
    board = Board(trusted(small))
    assert drain(board.profile(lenet_file, lenet_outline, FEW)).complete  # 1.7 MB of 12
    other = gemm_chain(13, 256)  # 3.4 MB
    drain(board.compare([other, other], "AB", ProfileSettings(runs=5, warmup=0), rounds=5))
    [line] = far_names(small)
    names = os.listdir(f"{far_root(small)}/{line}")  # noqa: PTH208
    assert not [name for name in names if name.startswith("LeNet")]
    assert [name for name in names if name.startswith("chain")]


CLOCK = '''
import time
_real, _start = time.time, time.monotonic()
def _wrong():
    """1970 at first; an hour later, or forty years, whenever somebody looks: as when NTP sets a clock in the middle."""
    _wrong.calls += 1
    return (1000.0, 1.6e9, 5000.0)[_wrong.calls // 3 % 3] + time.monotonic()
_wrong.calls = 0
time.time = _wrong
'''


def test_a_board_whose_clock_is_wrong_and_jumps(server, trusted, tmp_path, lenet_file, lenet_outline):
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim" / "usercustomize.py").write_text(CLOCK)
    (tmp_path / "shim" / "sitecustomize.py").write_text(CLOCK)
    sshd = server(environment={"PYTHONPATH": str(tmp_path / "shim")})
    start = time.monotonic()
    told = []
    profile = drain(
        Board(trusted(sshd)).profile(lenet_file, lenet_outline, FEW), lambda step: told.append(step.fraction)
    )
    assert time.monotonic() - start < 30
    assert len(profile.latencies_ms) == FEW.runs
    assert max(profile.latencies_ms) < 10_000
    assert all(max(layer.microseconds) < 1e7 for layer in profile.layers)
    if profile.board is not None:
        assert all(0 <= second < 60 for second in profile.board.seconds)


def test_signals_do_not_stop_the_keeper_from_clearing_up(sshd, trusted, lenet_file, lenet_outline):
    board = Board(trusted(sshd))
    job = board.profile(lenet_file, lenet_outline, ENDLESS)
    measuring(job)
    [keeper] = keepers(sshd)
    keeper.send_signal(signal.SIGTERM)
    lost(job)
    assert left_on(sshd) == []
    assert at_work(sshd) == []
