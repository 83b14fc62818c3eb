"""Adding a board: what is typed, the steps, the fingerprint, the password, and a key that changed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPushButton, QWidget

from app import boards
from app.ui.desk import Desk
from app.ui.devices.board_form import name_from, split_place
from app.ui.devices.board_sheet import BoardSheet
from app.ui.devices.changed_key import ChangedKey
from app.ui.devices.doorman import Doorman
from app.ui.devices.password_sheet import PasswordSheet
from app.workbench import JobView
from devices.address_book import Address
from devices.ssh import ChangedHost, Found, LoginRefused, UnknownHost
from profiler.errors import Failed
from profiler.progress import Progress
from tests.app.ui.boards_support import TX2
from tests.app.ui.pages_support import HERE, InstantWorkbench, study_facts
from tests.app.ui.shown import settle, show

PRINT = "SHA256:Zk3tq0W8o2m4pVb1cXyN7uTgRfHsJdLaEiQwOxKvM5s"
OLD_PRINT = "SHA256:aaaaa0W8o2m4pVb1cXyN7uTgRfHsJdLaEiQwOxKvM5s"
FOUND = Found(TX2, "192.168.0.12, port 22", "ssh-ed25519", PRINT, "nvidia", "python3")
UNKNOWN = UnknownHost("192.168.0.12", 22, "ssh-ed25519", PRINT, "a key line")


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    """Boards and keys of this test alone."""
    folder = tmp_path / "config"
    monkeypatch.setenv("NETBONSAI_CONFIG", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.fixture
def bench() -> InstantWorkbench:
    return InstantWorkbench(study_facts())


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    settle()
    return made


@pytest.fixture
def host(qtbot) -> QWidget:
    return show(qtbot, QWidget(), 852, 572)


@pytest.fixture
def sheet(host, desk) -> BoardSheet:
    return BoardSheet(host, desk)


@pytest.fixture
def doorman(host, desk, sheet) -> Doorman:
    return Doorman(host, desk, sheet, PasswordSheet(host, desk))


def said(widget: QWidget) -> str:
    return " ".join(found.text() for found in widget.findChildren(QLabel) if not found.isHidden())


def message(sheet) -> QWidget:
    return sheet.message.itemAt(0).widget()


def press(widget: QWidget, words: str) -> None:
    (made,) = [b for b in widget.findChildren(QPushButton) if b.text() == words]
    made.click()
    settle()


def reach(sheet: BoardSheet, bench: InstantWorkbench, *steps: str):
    """Type a board and connect; it says these steps."""
    sheet.present_for("")
    sheet.form.host.setEditText("nvidia@192.168.0.12:2222")
    sheet.form.name.setText("tx2-lab")
    sheet.connect_button.click()
    probed = bench.probed[-1]
    for number, step in enumerate(steps):
        probed.on_progress(Progress(number / 6, step))
    settle()
    return probed


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("tx2", ("", "tx2", None)),
        ("nvidia@tx2.local", ("nvidia", "tx2.local", None)),
        ("nvidia@192.168.0.12:2222", ("nvidia", "192.168.0.12", 2222)),
        ("fe80::1", ("", "fe80::1", None)),
        ("me@[fe80::1]:22", ("me", "fe80::1", 22)),
    ],
)
def test_what_is_pasted_as_one_word_is_taken_apart(typed, place):
    assert split_place(typed) == place


@pytest.mark.parametrize(("host", "name"), [("tx2.local", "tx2"), ("192.168.0.12", "192.168.0.12"), ("a_b!", "a_b")])
def test_a_name_is_proposed_from_the_host(host, name):
    assert name_from(host) == name


def test_the_sheet_opens_with_the_host_focused_and_nothing_to_connect_to(sheet):
    sheet.present_for("")
    assert sheet.title.text() == "Add a board"
    assert not sheet.connect_button.isEnabled()
    sheet.form.host.setEditText("nvidia@tx2.local")
    assert sheet.form.name.text() == "tx2"
    assert sheet.connect_button.isEnabled()


def test_the_steps_fill_in_as_they_succeed(sheet, bench):
    probed = reach(sheet, bench, "address: 192.168.0.12, port 2222", f"key: ssh-ed25519 {PRINT}")
    assert (probed.address.user, probed.address.host, probed.address.port) == ("nvidia", "192.168.0.12", 2222)
    marks = sheet.steps.marks()
    assert (marks["address"], marks["key"], marks["login"], marks["python"]) == ("done", "done", "now", "waiting")
    assert sheet.steps.found["key"] == f"ssh-ed25519 {PRINT}"


def test_an_unknown_key_is_shown_in_full_and_trusted_by_hand(sheet, bench, monkeypatch, qtbot):
    trusted = []
    monkeypatch.setattr(boards, "trust", lambda address, line: trusted.append((address.name, line)))
    probed = reach(sheet, bench, "address: there")
    probed.on_end(None, UNKNOWN)
    settle()
    assert PRINT in said(message(sheet))
    assert not sheet.connect_button.isEnabled()
    assert trusted == []
    press(message(sheet), "Trust this key")
    qtbot.waitUntil(lambda: len(bench.probed) == 2)
    assert trusted == [("tx2-lab", "a key line")]


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ED25519"])  # as the protocol and as ssh-keygen call it
def test_the_command_to_compare_with_names_the_board_s_file(sheet, bench, kind):
    reach(sheet, bench).on_end(None, UnknownHost("192.168.0.12", 2222, kind, PRINT, "a key line"))
    settle()
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in said(message(sheet))


def test_enter_upon_an_unknown_key_does_not_trust_it(sheet, bench):
    reach(sheet, bench).on_end(None, UNKNOWN)
    settle()
    assert message(sheet).first.text() == "Not now"


def test_not_now_trusts_nothing_and_goes_back(sheet, bench):
    reach(sheet, bench).on_end(None, UNKNOWN)
    settle()
    press(message(sheet), "Not now")
    assert not sheet.form.isHidden()
    assert len(bench.probed) == 1


def test_what_was_found_is_added_with_the_board(sheet, bench, desk, qtbot):
    reach(sheet, bench, "power: jtop").on_end(FOUND, None)
    settle()
    text = said(message(sheet))
    assert "Jetson TX2" in text
    assert "L4T 32.7.1, JetPack 4.6, CUDA 10.2" in text
    assert "TensorRT 8.2.1 and ONNX Runtime 1.11.0" in text
    assert sheet.connect_button.text() == "Add tx2-lab"
    bench.devices = [HERE, TX2]
    with qtbot.waitSignal(sheet.saved):
        sheet.connect_button.click()
    qtbot.waitUntil(lambda: desk.device == "tx2-lab")
    (address,) = boards.addresses()
    assert (address.name, address.host, address.port, address.login) == ("tx2-lab", "192.168.0.12", 2222, "key")
    assert boards.known()[0].facts.jetpack == "4.6"
    assert desk.roster.state("tx2-lab") == "idle"


def test_an_error_stands_at_its_step_with_what_to_try(sheet, bench):
    fault = Failed("192.168.0.12 does not answer.", "Is it on?", "timed out")
    reach(sheet, bench, "address: there").on_end(None, fault)
    settle()
    assert sheet.steps.marks()["key"] == "failed"
    assert [part in said(message(sheet)) for part in ("does not answer", "Is it on?", "timed out")] == [True] * 3
    assert sheet.connect_button.text() == "Try again"
    sheet.connect_button.click()
    assert len(bench.probed) == 2


def test_a_board_that_wants_a_password_asks_and_keeps_it_nowhere(sheet, bench, config, qtbot):
    refusal = LoginRefused("No key opens it.", "Log in with a password.", ("publickey", "password"), "password")
    reach(sheet, bench).on_end(None, refusal)
    settle()
    field = message(sheet).findChild(QLineEdit)
    assert field.echoMode() == QLineEdit.EchoMode.Password
    field.setText("s3cret-word")
    press(message(sheet), "Log in")
    assert (bench.probed[1].secret, bench.probed[1].address.login) == ("s3cret-word", "password")
    bench.probed[1].on_end(FOUND, None)
    settle()
    with qtbot.waitSignal(sheet.saved):
        sheet.connect_button.click()
    assert bench.secrets.get("tx2-lab") == "s3cret-word"
    written = [path.read_text() for path in config.rglob("*") if path.is_file()]
    assert written
    assert not any("s3cret-word" in text for text in written)


def test_what_comes_after_change_is_not_heard(sheet, bench):
    probed = reach(sheet, bench)
    sheet.change.click()
    assert probed.stopped
    probed.on_end(FOUND, None)
    settle()
    assert sheet.found is None
    assert not sheet.form.isHidden()


def test_a_bad_name_is_said_before_anything_is_contacted(sheet, bench):
    sheet.present_for("")
    sheet.form.host.setEditText("tx2")
    sheet.form.name.setText("two words")
    sheet.connect_button.click()
    assert bench.probed == []
    assert "“two words” cannot be a board’s name." in said(message(sheet))


def test_a_board_is_edited_and_renamed(sheet, desk, bench, qtbot):
    boards.add_board(Address("old", "10.0.0.5", legacy=True))
    bench.devices = [HERE]
    sheet.present_for("old")
    assert sheet.form.legacy.isChecked()
    sheet.form.name.setText("new")
    with qtbot.waitSignal(sheet.saved):
        sheet.save_button.click()
    assert [(address.name, address.legacy) for address in boards.addresses()] == [("new", True)]


def test_removing_is_at_once_and_can_be_taken_back(doorman, desk, qtbot):
    boards.add_board(Address("tx2-lab", "10.0.0.5"))
    with qtbot.waitSignal(desk.told) as told:
        doorman.remove("tx2-lab")
    assert boards.addresses() == []
    words, undo_words, undo = told.args
    assert words == "tx2-lab was removed. What was measured on it stays in your studies."
    assert undo_words == "Undo"
    undo()
    qtbot.waitUntil(lambda: [address.name for address in boards.addresses()] == ["tx2-lab"])


def test_a_password_is_asked_for_before_a_board_is_measured(doorman, desk, bench, qtbot):
    boards.add_board(Address("tx2-lab", "10.0.0.5", login="password"))
    bench.devices = [HERE, TX2]
    desk.roster.ask()
    settle()
    done = []
    desk.with_secret("tx2-lab", lambda: done.append("measured"))
    assert done == []
    sheet = doorman.password
    assert sheet.isVisible()
    field = sheet.findChild(QLineEdit)
    field.setText("s3cret-word")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert done == ["measured"]
    assert not sheet.isVisible()
    desk.with_secret("tx2-lab", lambda: done.append("again"))
    assert done == ["measured", "again"]


def test_a_job_that_was_not_let_in_asks_and_starts_again(doorman, desk, bench, monkeypatch):
    started = []
    monkeypatch.setattr(bench, "start_again", started.append, raising=False)
    refusal = LoginRefused("The password was not taken.", "Type it again.", ("password",), "password")
    bench.secrets.put("tx2-lab", "wrong-word")
    bench.show_job(JobView("j", "profile", "D", "Profile", "failed", device="tx2-lab", cause=refusal))
    settle()
    assert bench.secrets.get("tx2-lab") is None
    assert "The password was not taken." in said(doorman.password)
    doorman.password.findChild(QLineEdit).setText("right-word")
    press(doorman.password, "Log in")
    assert started == ["j"]
    assert bench.secrets.get("tx2-lab") == "right-word"


def test_a_changed_key_stops_everything_until_the_old_one_is_removed_on_purpose(
    sheet, bench, config, monkeypatch, qtbot
):
    forgotten = []
    monkeypatch.setattr(boards, "forget_key", lambda address: forgotten.append(address.name))
    error = ChangedHost("192.168.0.12", 22, "ssh-ed25519", PRINT, OLD_PRINT, f"{config}/known_hosts:1")
    reach(sheet, bench, "address: there").on_end(None, error)
    settle()
    (dialog,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, ChangedKey) and w.isVisible()]
    assert dialog.isModal()
    assert PRINT in said(dialog)
    assert OLD_PRINT in said(dialog)
    assert not dialog.remove.isEnabled()
    assert dialog.refuse.isDefault()
    dialog.sure.setChecked(True)
    dialog.remove.click()
    qtbot.waitUntil(lambda: len(bench.probed) == 2)
    assert forgotten == ["tx2-lab"]


def test_a_changed_key_in_the_user_s_own_file_is_left_to_the_user(sheet, bench, tmp_path):
    error = ChangedHost("192.168.0.12", 2222, "ssh-ed25519", PRINT, OLD_PRINT, f"{tmp_path}/.ssh/known_hosts:7")
    reach(sheet, bench, "address: there").on_end(None, error)
    settle()
    (dialog,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, ChangedKey) and w.isVisible()]
    assert "ssh-keygen -R '[192.168.0.12]:2222'" in said(dialog)
    assert not [box for box in dialog.findChildren(QCheckBox) if box.isVisible()]
    dialog.reject()
    assert len(bench.probed) == 1
