"""The keeper alone: its grammar, and what it clears away."""

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devices.ssh import keeper

SOURCE = Path(keeper.__file__)


@pytest.fixture
def there(tmp_path):
    """Where the far side's temporary folders are."""
    (tmp_path / "far").mkdir()
    return tmp_path / "far"


@pytest.fixture
def start(there):
    """Starts keepers as a line does, with a temporary folder of the test's own."""
    started = []

    def begin(silence: float = 30, drop: list[str] | None = None) -> tuple[subprocess.Popen, dict]:
        asked = json.dumps({"silence": silence, "drop": drop or []})
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", SOURCE, asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"TMPDIR": str(there)},
        )
        started.append(process)
        return process, json.loads(process.stdout.readline())

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def worker(folder: str) -> subprocess.Popen:
    """A process that works in a folder, in a session of its own."""
    return subprocess.Popen(["sleep", "600"], env={"NETBONSAI_FOLDER": folder}, start_new_session=True)


def told(process: subprocess.Popen, line: str) -> dict:
    process.stdin.write(line.encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def test_the_keeper_has_the_grammar_of_python_3_4():
    ast.parse(SOURCE.read_text(), feature_version=(3, 4))


def test_it_makes_a_private_folder_and_removes_it_with_what_works_there_when_nobody_speaks_any_more(start, there):
    process, first = start()
    folder = Path(first["folder"])
    assert folder.parent == there
    assert folder.stat().st_mode & 0o777 == 0o700
    at_work = worker(f"{folder}/run-1")
    process.stdin.close()
    assert process.wait(10) == 0
    assert at_work.wait(10) == -9
    assert list(there.iterdir()) == []


def test_silence_ends_it_and_words_keep_it(start, there):
    process, _ = start(silence=1.0)
    begun = time.monotonic()
    for _ in range(4):
        time.sleep(0.5)
        process.stdin.write(b"\n")
        process.stdin.flush()
    assert process.poll() is None
    process.wait(10)
    assert time.monotonic() - begun >= 3.0
    assert list(there.iterdir()) == []


def test_one_run_ends_and_the_others_go_on(start):
    process, first = start()
    one, other = worker(f"{first['folder']}/run-1"), worker(f"{first['folder']}/run-10")
    assert told(process, "end run-1") == {"done": "end", "name": "run-1"}
    assert one.wait(10) == -9
    assert other.poll() is None
    assert told(process, "remove run-10")["done"] == "remove"
    assert other.wait(10) == -9


def test_it_removes_nothing_outside_its_folder(start, there):
    (there / "mine").mkdir()
    process, first = start()
    told(process, "remove ../mine")
    told(process, "remove /etc")
    process.stdin.write(b"remove \nremove\nnonsense \xff\n")
    assert told(process, "end run-1")["name"] == "run-1"
    assert (there / "mine").exists()
    assert Path(first["folder"]).exists()


def test_what_a_killed_keeper_left_is_cleared_by_the_next_and_what_a_living_one_keeps_is_not(start, there):
    dead, left = start()
    living, kept = start()
    at_work = worker(f"{left['folder']}/run-1")
    dead.kill()
    dead.wait()
    (there / "netbonsai-line-file").write_text("not a folder")
    (there / "netbonsai-line-link").symlink_to("/etc")
    _, own = start()
    assert at_work.wait(10) == -9
    assert not Path(left["folder"]).exists()
    assert Path(kept["folder"]).exists()
    assert Path(own["folder"]).exists()
    assert living.poll() is None
    assert Path("/etc/passwd").exists()


def test_a_folder_that_is_given_up_is_cleared_though_its_keeper_lives(start):
    old, left = start()
    at_work = worker(f"{left['folder']}/run-1")
    start(drop=[left["folder"], "/etc", "/tmp"])
    assert at_work.wait(10) == -9
    assert old.wait(10) == -9
    assert not Path(left["folder"]).exists()
    assert Path("/etc/passwd").exists()


def test_a_place_without_room_is_told(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    said = []
    monkeypatch.setattr(keeper.tempfile, "mkdtemp", full)
    monkeypatch.setattr(keeper, "say", said.append)
    monkeypatch.setattr(sys, "argv", ["keeper", '{"silence": 1, "drop": []}'])
    monkeypatch.setattr(keeper.signal, "signal", lambda *_: None)
    keeper.main()
    assert said == [{"problem": "[Errno 28] No space left on device", "errno": 28}]
