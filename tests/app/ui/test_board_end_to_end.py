"""A board added in the window and measured over a real OpenSSH server on loopback: nothing is faked but the board."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from app import boards
from app.ui.desk import Desk
from app.ui.devices.changed_key import ChangedKey
from app.ui.studies import Studies
from app.ui.window import Window
from app.workbench import Workbench
from tests.devices.sshd import Sshd, fingerprint, make_key, missing, user

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]
MINUTE = 60_000


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home with an empty ~/.ssh, without an agent; workers begin in it."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("NETBONSAI_CONFIG", str(folder / "config"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


@pytest.fixture
def server(home, tmp_path) -> Iterator[Callable[..., Sshd]]:
    """Makes servers that let `mine` in."""
    make_key(home / "mine")
    made: list[Sshd] = []

    def make(name: str, **changed) -> Sshd:
        (tmp_path / name).mkdir()
        made.append(Sshd(tmp_path / name, [home / "mine"], **changed))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def window(qtbot, home, tmp_path) -> Iterator[Window]:
    """The whole window over a study of its own with the real workers."""
    bench = Workbench(tmp_path / "study")
    bench.wait(bench.open_network("zoo:LeNet-5-digits"), 60)
    desk = Desk()
    made = Window(desk, Studies(desk, tmp_path / "studies"))
    made.resize(1440, 900)
    made.show()
    desk.attach(bench)
    made.show_page("profile")
    qtbot.waitUntil(lambda: desk.candidate == "A")
    yield made
    desk.detach()
    bench.close()
    made.close()
    made.deleteLater()


def type_board(window: Window, home: Path, port: int, name: str = "board") -> None:
    """As a person fills in the sheet."""
    form = window.board_sheet.form
    form.host.setEditText(f"{user()}@127.0.0.1:{port}")
    form.name.setText(name)
    form.key.setText(str(home / "mine"))
    form.python.setText(sys.executable)


def words_in(widget) -> str:
    return " ".join(found.text() for found in widget.findChildren(QLabel) if found.isVisible())


def press(widget, words: str) -> None:
    (made,) = [b for b in widget.findChildren(QPushButton) if b.text() == words and b.isVisible()]
    made.click()


def test_a_board_is_added_measured_and_refused_when_its_key_changes(qtbot, window, home, server):
    sheet, desk = window.board_sheet, window.desk
    first = server("first", host_key=make_key(home / "host_a"))
    window.shown.head.add.click()
    type_board(window, home, first.port)
    sheet.connect_button.click()

    # first contact: the fingerprint as ssh-keygen says it, and nothing goes on before it is trusted
    qtbot.waitUntil(lambda: "not met before" in words_in(sheet), timeout=MINUTE)
    assert fingerprint(Path(f"{home / 'host_a'}.pub")) in words_in(sheet)
    assert sheet.steps.marks()["login"] == "waiting"
    assert boards.addresses() == []
    press(sheet, "Trust this key")
    qtbot.waitUntil(lambda: sheet.connect_button.text() == "Add board", timeout=MINUTE)
    assert set(sheet.steps.marks().values()) == {"done"}
    sheet.connect_button.click()
    qtbot.waitUntil(lambda: desk.device == "board" and not sheet.isVisible(), timeout=MINUTE)
    assert desk.roster.state("board") == "idle"

    # a profile over the line, into this study
    page = window.shown
    page.popup.fields["runs"].setValue(30)
    qtbot.waitUntil(lambda: page.run_button.isEnabled() and page.run_button.text() == "Profile A")
    page.run_button.click()
    qtbot.waitUntil(lambda: desk.roster.state("board") == "running", timeout=MINUTE)
    qtbot.waitUntil(lambda: any(view.kind == "profile" and view.ended for view in desk.jobs), timeout=MINUTE)
    assert [(view.state, view.error) for view in desk.jobs if view.kind == "profile"] == [("done", "")]
    qtbot.waitUntil(lambda: "board" in desk.study.candidate("A").profiles)
    profile = desk.study.candidate("A").profiles["board"]
    assert (len(profile.latencies_ms), profile.complete, profile.device.name) == (30, True, "board")
    qtbot.waitUntil(lambda: page.run.isVisible() and page.run.runs.text() == "30 runs, no profiling")

    # the same place with another key: refused, with both fingerprints, until the old one is removed on purpose
    port = first.port
    first.stop()
    server("second", host_key=make_key(home / "host_b"), port=port)
    desk.board_test_wanted.emit("board")
    qtbot.waitUntil(lambda: bool(_dialogs()), timeout=MINUTE)
    (dialog,) = _dialogs()
    shown = words_in(dialog)
    assert fingerprint(Path(f"{home / 'host_a'}.pub")) in shown
    assert fingerprint(Path(f"{home / 'host_b'}.pub")) in shown
    assert not dialog.remove.isEnabled()
    dialog.sure.setChecked(True)
    dialog.remove.click()
    qtbot.waitUntil(lambda: "not met before" in words_in(sheet), timeout=MINUTE)
    press(sheet, "Trust this key")
    qtbot.waitUntil(lambda: sheet.connect_button.text() == "Save board", timeout=MINUTE)


def test_what_stands_in_the_way_is_said_in_place(qtbot, window, home, server):
    sheet = window.board_sheet
    strange = server("strange", host_key=make_key(home / "host_a"))
    make_key(home / "stranger")
    window.desk.board_wanted.emit("")
    type_board(window, home, strange.port)
    sheet.form.key.setText(str(home / "stranger"))
    sheet.connect_button.click()
    qtbot.waitUntil(lambda: "not met before" in words_in(sheet), timeout=MINUTE)
    press(sheet, "Trust this key")
    qtbot.waitUntil(lambda: sheet.steps.marks()["login"] == "failed", timeout=MINUTE)
    assert sheet.steps.marks()["key"] == "done"
    qtbot.waitUntil(lambda: user() in words_in(sheet.message.itemAt(0).widget()))
    port = strange.port
    strange.stop()
    sheet._change()
    type_board(window, home, port)
    sheet.connect_button.click()
    qtbot.waitUntil(lambda: sheet.steps.marks()["address"] == "failed", timeout=MINUTE)
    qtbot.waitUntil(lambda: str(port) in words_in(sheet.message.itemAt(0).widget()))
    assert sheet.connect_button.text() == "Try again"


def test_the_window_s_process_never_loads_what_speaks_ssh_or_measures():
    """All that the window itself does with boards, in a fresh process."""
    done = (
        "import sys; import app.ui.window, app.ui.profile_page, app.boards as boards; "
        "boards.addresses(); boards.ssh_aliases(); "
        "print([name for name in ('asyncssh', 'onnxruntime', 'torch') if name in sys.modules])"
    )
    heard = subprocess.run([sys.executable, "-c", done], capture_output=True, text=True, check=True)
    assert heard.stdout.strip() == "[]"


def _dialogs() -> list[ChangedKey]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, ChangedKey) and w.isVisible()]
