"""The frame as a person uses it: pages, the one selection, keys, goal, undo, what failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from app.facts import GoalSet, Hidden, JobStarted, Pinned, Renamed
from app.ui import remember, theme
from app.ui.parts.text import Elided
from app.ui.window import Window
from profiler.errors import BadInput


def press(qtbot, window: Window, key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.keyClick(QApplication.focusWidget() or window, key, modifier)
    QApplication.processEvents()


def test_the_study_and_its_candidates_are_shown(window: Window):
    assert window.top.study.accessibleName() == "Study LeNet-5 on digits, opens a menu"
    lines = window.rail.candidates.rows.lines
    assert [(line.candidate.letter, line.depth) for line in lines] == [("A", 0), ("B", 1), ("C", 2)]
    assert lines[0].figures == "98.9 %  ·  1.73 MB  ·  0.300 ms"
    assert lines[2].figures == "not measured"
    assert window.rail.count.text() == "3"


def test_pages_are_changed_by_tab_and_by_key_and_remembered(window: Window, qtbot):
    window.top.tabs["compress"].click()
    assert window.desk.page == "compress"
    assert window.stack.currentWidget() is window.made["compress"]
    press(qtbot, window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.desk.page == "network"
    assert window.top.tabs["network"].isChecked()
    assert remember.text("page") == "network"


def test_one_selection_for_the_whole_window(window: Window):
    page = window.shown
    window.desk.select_candidate("B")
    assert window.rail.candidates.currentIndex().row() == 1
    for _ in range(3):
        QApplication.processEvents()
    assert page.name.text() == "B  Prune to 10 %"
    page.layers.table.view.selectRow(0)
    assert window.desk.layer == "conv1"
    window.desk.select_layer("fc1")
    assert page.layers.table.current == "fc1"
    window.desk.select_candidate("A")
    assert page.layers.table.current == "fc1"


def test_alt_and_the_arrows_go_through_the_candidates(window: Window, qtbot):
    press(qtbot, window, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert window.desk.candidate == "B"
    press(qtbot, window, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    press(qtbot, window, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert window.desk.candidate == "A"


def test_j_and_k_go_through_the_layers_from_anywhere(window: Window, qtbot):
    window.desk.select_layer("conv1")
    window.rail.candidates.setFocus()
    press(qtbot, window, Qt.Key.Key_J)
    assert window.desk.layer == "pool1"
    press(qtbot, window, Qt.Key.Key_K)
    assert window.desk.layer == "conv1"


def test_m_changes_the_convention_everywhere(window: Window, qtbot):
    page = window.shown
    press(qtbot, window, Qt.Key.Key_M)
    assert window.desk.convention == "ops"
    assert window.top.convention.key == "ops"
    heads = [column.head for column in page.layers.table.model.columns]
    assert "MACs + bias" in heads
    assert "MACs" not in heads


def test_letters_typed_into_the_filter_are_letters(window: Window, qtbot):
    press(qtbot, window, Qt.Key.Key_F)
    field = window.shown.layers.card.field
    assert field.hasFocus()
    qtbot.keyClicks(field, "mfc")
    assert field.text() == "mfc"
    assert window.desk.convention == "macs"
    press(qtbot, window, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_keys_without_a_modifier_reach_the_window_from_a_button(window: Window, qtbot):
    window.show_page("compress")
    window.shown.button.setFocus()
    press(qtbot, window, Qt.Key.Key_M)
    assert window.desk.convention == "ops"


def test_control_return_is_the_pages_primary_button(window: Window, qtbot):
    window.show_page("compress")
    press(qtbot, window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.shown.asked == ["primary"]


def test_f6_goes_round_the_parts_and_back(window: Window, qtbot):
    visited = []
    for _ in range(len(window.parts())):
        press(qtbot, window, Qt.Key.Key_F6)
        focused = QApplication.focusWidget()
        visited.append(next(n for n, p in enumerate(window.parts()) if p is focused or p.isAncestorOf(focused)))
    assert sorted(set(visited)) == visited
    assert visited[0] == 0
    assert visited[-1] == len(window.parts()) - 1
    press(qtbot, window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    focused = QApplication.focusWidget()
    assert any(p.isAncestorOf(focused) or p is focused for p in window.parts()[-2:-1])


def test_renaming_pinning_and_hiding_are_facts_that_can_be_undone(window: Window, workbench, qtbot):
    window.desk.select_candidate("B")
    listed = window.rail.candidates
    listed.rows.setData(listed.currentIndex(), "A third of a title that is far too long")
    assert workbench.study.candidates["B"].title == "A third of a title that "
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert workbench.study.candidates["B"].title == "Prune to 10 %"
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert workbench.study.candidates["B"].title == "A third of a title that "
    press(qtbot, window, Qt.Key.Key_P)
    assert workbench.study.candidates["B"].pinned
    press(qtbot, window, Qt.Key.Key_Delete)
    QApplication.processEvents()
    assert workbench.study.candidates["B"].hidden
    assert [line.candidate.letter for line in listed.rows.lines] == ["A", "C"]
    assert window.rail.hidden.text() == "Show hidden (1)"
    window.rail.hidden.click()
    assert [line.candidate.letter for line in listed.rows.lines] == ["A", "B", "C"]


def test_f2_opens_the_editor_on_the_title(window: Window, qtbot):
    window.desk.select_candidate("B")
    press(qtbot, window, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    assert editor.accessibleName() == "New name"
    qtbot.keyClicks(editor, "Small")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.desk.study.candidates["B"].title == "Small", timeout=2000)


def test_a_page_takes_back_its_own_first(window: Window, workbench, qtbot):
    workbench.record(Renamed("B", "Kept"))
    window.show_page("compress")
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.shown.asked == ["undo"]
    assert workbench.study.candidates["B"].title == "Kept"


def test_the_goal_is_set_in_a_sheet_and_shown_against_the_candidate(window: Window, workbench, qtbot):
    window.goal.edit.emit()
    sheet = window.goal_sheet
    assert sheet.isVisible()
    for field, value in (("accuracy", 98.0), ("latency_ms", 0.2), ("energy_mj", 5.0)):
        tick, box = sheet.lines[field]
        tick.setChecked(True)
        box.setValue(value)
    sheet.set_goal()
    QApplication.processEvents()
    goal = workbench.study.goal
    assert (goal.accuracy, goal.latency_ms, goal.size_mb, goal.energy_mj) == (0.98, 0.2, None, 5.0)
    assert not sheet.isVisible()
    said = [check.accessibleName() for check in window.goal.checks]
    assert said[0] == "Accuracy: 98.9 %, limit ≥ 98.0 %: met"
    assert said[1].startswith("Latency: 0.300 ms, limit ≤ 0.200 ms: latency is 100 µs too high")
    assert said[2] == "Energy: not measured, limit ≤ 5.00 mJ: not measured"
    assert window.goal.checks[2].bar.isHidden()
    workbench.undo()
    QApplication.processEvents()
    assert window.goal.checks == []


def test_without_a_goal_the_strip_says_so(window: Window):
    texts = [found.text() for found in window.goal.findChildren(QLabel)]
    assert "No goal yet. Set what your board allows:" in texts


def test_a_limit_on_operations_follows_the_convention(window: Window, workbench):
    from app.facts import Goal

    workbench.record(GoalSet(Goal(macs=3e6)))
    QApplication.processEvents()
    assert window.goal.checks[0].accessibleName() == "MACs: 2.29 M, limit ≤ 3.00 M: met"
    window.desk.set_convention("flops")
    assert window.goal.checks[0].accessibleName() == "FLOPs: 4.59 M, limit ≤ 6.00 M: met"


def test_an_error_is_a_card_above_the_page_with_its_details(window: Window, qtbot):
    error = BadInput("“a.onnx” could not be opened.", "It ends early.", "Copy it again.")
    window.desk.problem.emit(error)
    assert window.notices.isVisible()
    texts = [found.text() for found in window.notices.findChildren(QLabel) if found.isVisible()]
    assert texts[:3] == ["“a.onnx” could not be opened.", "It ends early.", "Copy it again."]
    card = next(iter(window.notices.cards.values()))
    card.copy_details()
    assert QGuiApplication.clipboard().text().splitlines() == [error.what, error.where, error.fix]
    close = [b for b in card.findChildren(QPushButton) if b.accessibleName() == "Close"]
    close[0].click()
    assert not window.notices.isVisible()


def test_what_nothing_caught_becomes_a_card(window: Window, capsys):
    from app.ui.main import show_fault
    from profiler.errors import Failed

    show_fault(window.desk, Failed("The disk is full.", "Make room in /data."))
    texts = [found.text() for found in window.notices.findChildren(QLabel) if found.isVisible()]
    assert texts[:2] == ["The disk is full.", "Make room in /data."]
    assert capsys.readouterr().err == ""
    show_fault(window.desk, ZeroDivisionError("a fault of ours"))
    assert "ZeroDivisionError: a fault of ours" in capsys.readouterr().err
    texts = [found.text() for found in window.notices.findChildren(QLabel) if found.isVisible()]
    assert "Something went wrong in NetBonsai." in texts


def test_an_interrupted_job_can_be_started_again(window: Window, workbench, workers):
    workbench.store.record(JobStarted("gone", "profile", "A", "Profile", {"device": "cpu"}))
    workbench.study = workbench.store.study()
    window.desk.study_changed.emit(workbench.study)
    texts = [found.text() for found in window.notices.findChildren(QLabel) if found.isVisible()]
    assert "Interrupted." in texts
    again = [b for b in window.notices.findChildren(QPushButton) if b.text() == "Start again"]
    again[0].click()
    QApplication.processEvents()
    assert workers.started[0][2] == "app.measuring:profile"
    assert not window.notices.isVisible()


def test_the_job_bar_tells_what_runs_and_cancels_it(window: Window, workbench, workers, qtbot):
    assert window.jobs.idle.text() == "Nothing is running."
    job = workbench.profile("A")
    workbench.profile("B")
    qtbot.waitUntil(lambda: not window.jobs.slots[0].cancel.isHidden(), timeout=2000)
    task = workers.started[0][1]
    from profiler.progress import Progress

    task.on_progress(Progress(0.5, "Fine-tuning, epoch 3 of 8", {"loss": 0.4123}))
    qtbot.waitUntil(lambda: "epoch 3 of 8" in window.jobs.slots[0].what.text())
    assert window.jobs.slots[0].bar.value() == 500
    assert "loss 0.412" in window.jobs.slots[0].figures.text()
    assert "1 waiting" in window.jobs.waiting.text()
    press(qtbot, window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.jobs.slots[0].figures.text() == "Stopping…")
    assert workers.cancelled == [job]


def test_a_failed_job_is_told_in_a_card(window: Window, workbench, workers, qtbot):
    workbench.profile("A")
    workers.started[0][1].on_end(None, BadInput("The file is not there.", "", "Open it again."))
    qtbot.waitUntil(lambda: window.notices.isVisible())
    texts = [found.text() for found in window.notices.findChildren(QLabel) if found.isVisible()]
    assert texts[0] == "The file is not there."


def test_a_finished_candidate_bears_a_dot_until_it_is_seen(window: Window, workbench, workers, qtbot):
    workbench.evaluate("B")
    workers.started[0][1].on_end({}, None)
    listed = window.rail.candidates
    qtbot.waitUntil(lambda: any(line.new for line in listed.rows.lines))
    assert [line.candidate.letter for line in listed.rows.lines if line.new] == ["B"]
    assert window.desk.page == "network"
    window.desk.select_candidate("B")
    assert not any(line.new for line in listed.rows.lines)


def test_search_finds_layers_candidates_and_commands(window: Window, qtbot):
    press(qtbot, window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    search = window.search
    assert search.field.hasFocus()
    qtbot.keyClicks(search.field, "conv2")
    assert search.hits[0].title == "conv2"
    qtbot.keyClick(search.field, Qt.Key.Key_Return)
    assert window.desk.layer == "conv2"
    assert not search.isVisible()
    window.open_search()
    qtbot.keyClicks(search.field, "prune to 10")
    qtbot.keyClick(search.field, Qt.Key.Key_Return)
    assert window.desk.candidate == "B"
    window.open_search()
    qtbot.keyClicks(search.field, "go to compress")
    qtbot.keyClick(search.field, Qt.Key.Key_Return)
    assert window.desk.page == "compress"


def test_escape_closes_a_sheet_and_gives_the_focus_back(window: Window, qtbot):
    window.shown.layers.table.view.setFocus()
    press(qtbot, window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, window, Qt.Key.Key_Escape)
    assert not window.search.isVisible()
    assert window.shown.layers.table.view.hasFocus()


def test_the_theme_changes_live_and_is_remembered(window: Window):
    before = window.grab().toImage().pixelColor(5, 300)
    window.top.theme_button.click()
    assert theme.current() is theme.DARK
    assert remember.text("theme") == "dark"
    after = window.grab().toImage().pixelColor(5, 300)
    assert before.name().upper() == theme.LIGHT.window
    assert after.name().upper() == theme.DARK.window
    assert window.top.theme_button.accessibleName() == "Light theme"


def test_the_rails_edge_goes_on_in_the_top_bar(window: Window, qapp):
    for width in (1440, 1100, 1300):
        window.resize(width, 800)
        for _ in range(3):
            qapp.processEvents()
        assert window.top.edge.x() == window.rail.width()


def test_the_rail_can_be_hidden(window: Window, qtbot):
    press(qtbot, window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not window.rail.isVisible()
    assert remember.text("rail") == "hidden"
    press(qtbot, window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert window.rail.isVisible()


def test_a_dropped_recipe_adds_its_steps(window: Window, workers, tmp_path: Path, qtbot):
    workers.answers["app.questions:read_recipe"] = {"steps": [{"method": "magnitude_pruning"}], "seed": 0}
    window.opening.dropped("recipe", tmp_path / "r.toml")
    qtbot.waitUntil(lambda: window.desk.page == "compress")
    qtbot.waitUntil(lambda: window.shown.asked == [[{"method": "magnitude_pruning"}]])


def test_a_dropped_network_is_added_to_this_study(window: Window, workers, tmp_path: Path, qtbot):
    window.opening.dropped("add", tmp_path / "n.onnx")
    qtbot.waitUntil(lambda: bool(workers.started))
    assert workers.started[0][2] == "app.pipeline:open_network"
    assert workers.started[0][3]["path"] == str(tmp_path / "n.onnx")


def test_an_open_input_size_is_asked_for(window: Window, workers, tmp_path: Path, qtbot):
    workers.answers["app.questions:open_sizes"] = {"inputs": {"input": ["batch", 3, "height", "width"]}}
    window.opening.dropped("add", tmp_path / "n.onnx")
    sheet = window.opening.sizes
    qtbot.waitUntil(lambda: sheet.isVisible())
    texts = [found.text() for found in sheet.findChildren(QLabel)]
    assert "The height and width of “input” are open. Which size will you run?" in texts
    sheet.use.click()
    assert workers.started[0][3]["input_shapes"] == {"input": [1, 3, 224, 224]}


def test_something_unknown_is_told_in_words(window: Window, tmp_path: Path):
    window.opening.dropped("unknown", tmp_path / "x.doc")
    texts = [found.text() for found in window.notices.findChildren(QLabel) if found.isVisible()]
    assert texts[0].startswith("NetBonsai does not know .doc. It opens .onnx")


def test_shrink_it_fills_the_recipe(window: Window, workers, qtbot):
    workers.answers["app.questions:read_recipe"] = {"steps": [{"method": "magnitude_pruning"}], "seed": 0}
    window.made["network"].shrink.emit()
    qtbot.waitUntil(lambda: window.made["compress"].asked == [[{"method": "magnitude_pruning"}]])
    assert window.desk.page == "compress"
    asked = dict(workers.asked)["app.questions:read_recipe"]["path"]
    assert Path(asked).name == "demo.toml"
    assert Path(asked).is_file()


def clipped(root: QWidget) -> list[str]:
    """Labels and buttons that are narrower or lower than their words."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or isinstance(widget, Elided) or widget.width() == 0:
            continue
        if isinstance(widget, QLabel | QPushButton) and widget.text():
            wraps = isinstance(widget, QLabel) and widget.wordWrap()
            need = widget.sizeHint()
            high = widget.heightForWidth(widget.width()) if wraps else need.height()
            if (not wraps and widget.width() < need.width()) or widget.height() < high - 1:
                found.append(f"{widget.text()} {widget.size()} < {need}")
    return found


@pytest.mark.parametrize(
    ("scale", "size"), [(1.0, (1440, 900)), (1.0, (1100, 700)), (2.0, (2200, 1400)), (2.0, (2880, 1800))]
)
def test_nothing_is_clipped(qtbot, qapp, workbench, tmp_path: Path, scale, size):
    from app.facts import Goal
    from app.ui.desk import Desk
    from app.ui.studies import Studies
    from tests.app.ui.conftest import BLANK, NETWORK

    theme.apply(qapp, theme.LIGHT, scale)
    workbench.record(GoalSet(Goal(accuracy=0.98, latency_ms=20, size_mb=10, energy_mj=90)))
    desk = Desk()
    made = Window(desk, Studies(desk, tmp_path / "studies"), (NETWORK, BLANK))
    qtbot.addWidget(made)
    made.resize(*size)
    made.show()
    desk.attach(workbench)
    desk.problem.emit(BadInput("Something is wrong.", "Here.", "Try that."))
    for _ in range(4):
        qapp.processEvents()
    assert clipped(made) == []
    assert (made.width(), made.height()) == size
    assert made.shown.columns.is_narrow == (size[0] / scale < 1200)


def test_in_a_small_window_the_right_column_is_a_tab(window: Window, qapp):
    window.resize(1100, 700)
    qapp.processEvents()
    columns = window.shown.columns
    assert columns.is_narrow
    assert columns.middle.isVisible()
    assert not columns.right.isVisible()
    columns.show_right()
    assert columns.right.isVisible()
    assert not columns.middle.isVisible()


def test_everything_that_can_have_the_focus_has_a_name(window: Window):
    nameless = [
        widget
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not (
            widget.accessibleName() or getattr(widget, "text", lambda: "")() or widget.objectName().startswith("qt_")
        )
    ]
    assert [type(w).__name__ for w in nameless] == []


def test_every_hit_of_the_search_has_an_icon_there_is(window: Window):
    from app.ui.icons import glyph

    assert all(glyph(hit.glyph) for hit in window.search.all_hits())


def test_the_study_menu_opens_with_what_can_be_undone(window: Window, workbench):
    workbench.record(Hidden("C", True), Pinned("B", True))
    window.commands.fill_study_menu(window.top.menu)
    texts = [action.text() for action in window.top.menu.actions()]
    assert "Undo: pin B\tCtrl+Z" in texts
    assert "New study\tCtrl+N" in texts
