"""A board from the command line, over a real OpenSSH server on loopback: add, test, profile, sweep, report, remove."""

import json
import os
import sys
import threading

import pytest

from app.commands import secrets
from app.workbench import Workbench
from devices.ssh import shell as ssh_shell
from profiler.measurement import ProfileSettings
from tests.devices import sshd as servers


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of the test's own, with an empty ~/.ssh and no agent; workers that are started have it too."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("NETBONSAI_CONFIG", str(folder / "config"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield folder
    ssh_shell._shared.close()


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    if servers.missing():
        pytest.skip(servers.missing())
    return servers.make_key(tmp_path_factory.mktemp("keys") / "mine")


@pytest.fixture
def server(tmp_path, key):
    (tmp_path / "sshd").mkdir()
    made = servers.Sshd(tmp_path / "sshd", [key])
    yield made
    made.stop()


@pytest.fixture
def add(server, key):
    """The words of `devices add`, without a word on trust."""
    place = f"{servers.user()}@127.0.0.1"
    return ("devices", "add", "lab", place, "--port", server.port, "--key", key, "--python", sys.executable)


@pytest.fixture
def fingerprint(server):
    return servers.fingerprint(server.host_key.with_suffix(".pub"))


@pytest.fixture
def added(answer, add, fingerprint):
    return answer(*add, "--trust", fingerprint)


def test_the_first_contact_is_refused_where_nobody_can_be_asked(run, add, fingerprint, home):
    status, out, err = run(*add, "--json")
    assert (status, out) == (1, "")
    assert fingerprint in err
    assert f"--trust {fingerprint}" in err
    assert not (home / "config" / "boards.toml").exists()


def test_another_fingerprint_than_the_trusted_one_is_refused(run, add, fingerprint, home):
    other = "SHA256:" + "A" * 43
    status, _, err = run(*add, "--trust", other)
    assert status == 2
    assert f"It shows {fingerprint}" in err
    assert not (home / "config" / "boards.toml").exists()


def test_a_known_key_is_held_to_the_fingerprint_too(run, add, added, fingerprint, home):
    book = (home / "config" / "boards.toml").read_bytes()
    other = "SHA256:" + "A" * 43
    again = [word if word != "lab" else "lab2" for word in add]
    status, _, err = run(*again, "--trust", other)
    assert status == 2
    assert f"It shows {fingerprint}" in err
    assert (home / "config" / "boards.toml").read_bytes() == book


@pytest.mark.parametrize(("said", "status"), [("y\n", 0), ("\n", 1), ("n\n", 1), ("", 1)])
def test_on_a_terminal_the_key_is_shown_and_asked_about(run, add, fingerprint, home, monkeypatch, said, status):
    monkeypatch.setattr(secrets, "on_a_terminal", lambda: True)
    monkeypatch.setattr("app.commands.boards.on_a_terminal", lambda: True)
    read, write = os.pipe()
    os.write(write, said.encode())
    os.close(write)
    with os.fdopen(read) as typed:
        monkeypatch.setattr("sys.stdin", typed)
        ended, _, err = run(*add)
    assert ended == status
    assert fingerprint in err
    assert "Trust this key? [y/N]" in err
    assert (home / "config" / "boards.toml").exists() == (status == 0)


def test_a_board_from_the_first_word_to_the_report(run, answer, added, fingerprint, tmp_path):
    """devices add → list → test → profile → sweep → boards → report → remove, each with --json."""
    assert added["device"]["name"] == "lab"
    assert added["found"]["fingerprint"] == fingerprint
    assert "onnxruntime" in added["found"]["facts"]["engines"]

    here, lab = answer("devices", "list")["devices"]
    assert (here["name"], lab["name"]) == ("cpu", "lab")
    assert lab["seen"].startswith("20")
    assert lab["engines"] == added["found"]["facts"]["engines"]

    assert answer("devices", "test", "LAB")["found"]["fingerprint"] == fingerprint
    status, out, _ = run("devices", "test", "lab")
    assert status == 0
    steps = [line.partition(":")[0] for line in out.splitlines() if ": " in line]
    assert steps == ["address", "key", "login", "python", "engines", "power"]

    study = tmp_path / "study"
    both = answer("profile", "zoo:LeNet-5-digits", "--device", "lab", "--device", "cpu", "--runs", 8, "--warmup", 1,
                  "--study", study)  # fmt: skip
    assert both["failed"] == []
    assert [each["device"]["name"] for each in both["profiles"]] == ["lab", "cpu"]
    lab = both["profiles"][0]
    assert len(lab["latencies_ms"]) == 8
    assert lab["complete"] is True
    assert lab["median_ms"] == pytest.approx(sum(sorted(lab["latencies_ms"])[3:5]) / 2)
    assert "conv1" in [name for layer in lab["layers"] for name in layer["covers"]]

    swept = answer("sweep", "A", "--device", "lab", "--batches", "1,2", "--runs", 3, "--warmup", 1, "--study", study)
    assert [(point["batch"], len(point["latencies_ms"])) for point in swept["points"]] == [(1, 3), (2, 3)]
    assert swept["published"] == []  # the lecture’s figures are of AlexNet

    rows = answer("boards", study)["boards"]
    assert {row["device"] for row in rows} == {"lab", "cpu"}
    assert all(row["price_usd"] is None and row["images_per_second"] > 0 for row in rows)

    page = tmp_path / "report.html"
    files = {name.rpartition("/")[2] for name in answer("report", study, "-o", page)["files"]}
    assert {"report.html", "report.json", "report-sweeps.csv", "report-boards.csv"} <= files
    told = json.loads((tmp_path / "report.json").read_text())
    assert set(told["candidates"][0]["profiles"]) == {"lab", "cpu"}
    assert told["sweeps"][0]["device"]["name"] == "lab"

    assert answer("devices", "remove", "lab") == {"removed": "lab"}
    assert [each["name"] for each in answer("devices", "list")["devices"]] == ["cpu"]


def test_a_changed_key_is_refused_and_says_both(run, added, server, key, tmp_path):
    server.stop()
    (tmp_path / "other").mkdir()
    other = servers.Sshd(tmp_path / "other", [key], port=server.port)
    try:
        status, _, err = run("profile", "zoo:LeNet-5-digits", "--device", "lab", "--json")
    finally:
        other.stop()
    assert status == 1
    assert added["found"]["fingerprint"] in err
    assert servers.fingerprint(other.host_key.with_suffix(".pub")) in err


def test_one_board_that_is_gone_does_not_take_the_others_results(run, added, server):
    server.stop()
    status, out, err = run("profile", "zoo:LeNet-5-digits", "--device", "lab", "--device", "cpu", "--runs", 4, "--json")
    found = json.loads(out)
    assert status == 1
    assert [each["device"]["name"] for each in found["profiles"]] == ["cpu"]
    assert [each["device"] for each in found["failed"]] == ["lab"]
    assert "lab" in err


def test_a_board_may_be_written_down_without_contact(run, answer, add, tmp_path):
    made = answer(*add, "--no-contact")
    assert made["found"] is None
    assert answer("devices", "list")["devices"][1]["seen"] == ""
    status, _, err = run(*add, "--no-contact")
    assert status == 2
    assert "a board named “lab” already" in err


def test_watching_a_board(answer, added):
    samples = answer("devices", "watch", "lab", "--seconds", "1.5")["samples"]
    assert samples
    assert all(0 <= sample["cpu_load"] <= 1 for sample in samples if "cpu_load" in sample)


def test_what_a_cut_line_left_is_in_the_study_and_the_next_run_connects_again(added, server, tmp_path):
    """The server's end dies in the middle of the timed runs: what was heard is recorded, marked, and then it failed."""
    workbench = Workbench(tmp_path / "study")
    cut = threading.Event()

    def cut_it(event):
        progress = getattr(event.view, "progress", None)
        if progress is not None and "latency_ms" in progress.figures and progress.fraction > 0.2 and not cut.is_set():
            cut.set()
            server.kill_sessions()

    try:
        letter = workbench.wait(workbench.open_network("zoo:LeNet-5"), 60).letter
        stop = workbench.listen(cut_it)
        view = workbench.wait(workbench.profile(letter, "lab", ProfileSettings(runs=60_000)), 90)
        stop()
        assert cut.is_set()
        assert view.state == "failed"
        assert "runs are kept in the study." in view.fix
        partial = workbench.study.candidate(letter).profiles["lab"]
        assert partial.complete is False
        assert 0 < len(partial.latencies_ms) < 60_000
        again = workbench.wait(workbench.profile(letter, "lab", ProfileSettings(runs=5)), 60)
        assert again.state == "done"
        assert workbench.study.candidate(letter).profiles["lab"].complete is True
        assert len(workbench.study.candidate(letter).history) == 2
    finally:
        workbench.close()
