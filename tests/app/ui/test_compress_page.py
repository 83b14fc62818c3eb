"""Compress: a recipe is written, its effect follows the hand, and it runs with the right steps."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel

from app.facts import CandidateBorn, DataChosen
from app.ui.compress_page import CompressPage
from app.ui.desk import Desk
from app.ui.layer_sliders import LayerSliders, SliderLine
from app.workbench import JobView
from profiler.progress import Progress
from tests.app.ui.pages_support import PRUNE, InstantWorkbench, baseline_facts, breakdown, study_facts
from tests.app.ui.shown import settle, show
from tests.app.ui.test_plots import drag

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def bench() -> InstantWorkbench:
    return InstantWorkbench(study_facts())


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    return made


@pytest.fixture
def page(qtbot, desk) -> CompressPage:
    return show(qtbot, CompressPage(desk), 1192, 762)


@pytest.fixture
def pruning(qtbot, page, desk) -> CompressPage:
    """With a pruning step of the three fully connected layers, fc6 shown, all weights read."""
    page.take_recipe([PRUNE])
    desk.select_layer("fc6")
    qtbot.waitUntil(lambda: len(page.histograms.of("A")) == 8)
    qtbot.wait(60)
    return page


def figures(page: CompressPage) -> dict[str, str]:
    return {f.title.text(): f.text.text() for f in page.effects.figures}


def said(widget) -> str:
    return " ".join(found.text() for found in widget.findChildren(QLabel))


def test_without_steps_the_exact_words_stand_there(page):
    assert page.step_card.no_step.words.text() == "A recipe is a list of steps. Start with one."
    assert [b.text() for b in page.step_card.no_step.buttons] == ["Add step", "Open a recipe…"]
    assert not page.run_button.isEnabled()


def test_a_step_is_added_from_the_menu(qtbot, page):
    page.ask_step()
    page.recipe_card.add_step.field.setText("magnitude")
    qtbot.keyClick(page.recipe_card.add_step.field, Qt.Key.Key_Return)
    assert [step["method"] for step in page.draft.steps] == ["magnitude_pruning"]
    assert page.recipe_card.list.rows[0].title.text() == "Prune by magnitude"
    settle()
    assert page.step_card.pages.currentWidget() is page.editor
    assert page.run_button.isEnabled()


def test_the_menu_says_when_nothing_matches(page):
    page.ask_step()
    page.recipe_card.add_step.field.setText("quantum")
    assert page.recipe_card.add_step.nothing.text() == "No step matches “quantum”."


def test_without_data_fine_tuning_is_grey_with_its_reason(qtbot, qapp):
    bench = InstantWorkbench([fact for fact in baseline_facts() if not isinstance(fact, DataChosen)])
    desk = Desk()
    desk.attach(bench)  # type: ignore[arg-type]
    page = CompressPage(desk)
    qtbot.addWidget(page)
    page.ask_step()
    items = [page.recipe_card.add_step.list.item(n) for n in range(page.recipe_card.add_step.list.count())]
    tune = next(i for i in items if i.data(Qt.ItemDataRole.UserRole) == "fine_tune")
    assert not tune.flags() & Qt.ItemFlag.ItemIsEnabled
    assert "needs data" in tune.data(Qt.ItemDataRole.AccessibleTextRole)


def test_dragging_the_threshold_changes_what_is_predicted(pruning):
    before = figures(pruning)
    plot = pruning.editor.plot
    (_, _), (_, top) = plot.view.viewRange()
    at = plot.threshold
    drag(plot, QPointF(at, top / 2), QPointF(at / 3, top / 2))
    after = figures(pruning)
    assert plot.threshold == pytest.approx(at / 3, rel=0.1)
    assert after["Size on disk"] != before["Size on disk"]
    assert after["Parameters that stay"] != before["Parameters that stay"]
    assert after["Operations"] == before["Operations"] == "724.4"
    assert pruning.draft.steps[0]["share"] < 0.7


def test_a_drag_is_undone_at_once(pruning):
    plot = pruning.editor.plot
    (_, _), (_, top) = plot.view.viewRange()
    at = plot.threshold
    drag(plot, QPointF(at, top / 2), QPointF(at / 3, top / 2))
    assert pruning.undo()
    assert pruning.draft.steps[0]["share"] == 0.91
    assert plot.threshold == pytest.approx(at)


def test_the_threshold_can_be_typed(pruning):
    pruning.editor.typed.setValue(0.004)
    assert pruning.editor.plot.threshold == pytest.approx(0.004, abs=2e-5)
    # of |x| spread as exp(-x / 0.004), 1 - 1/e is below 0.004
    assert pruning.draft.steps[0]["share"] == pytest.approx(0.632, abs=0.01)


def test_arrow_keys_move_the_threshold_and_the_table(qtbot, pruning):
    before = pruning.editor.sliders.rows["fc6"].stay.text()
    qtbot.keyClick(pruning.editor.plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert pruning.editor.sliders.rows["fc6"].stay.text() != before


def test_a_layer_s_slider_is_its_own(pruning):
    pruning.editor.sliders.rows["fc8"].share.setValue(50)
    assert pruning.draft.steps[0]["per_layer"] == {"fc8": 0.5}
    assert pruning.editor.sliders.rows["fc8"].slider.share() == 0.5


def test_one_share_for_all_alike(pruning):
    pruning.editor.sliders.rows["fc6"].share.setValue(75)
    assert pruning.editor.sliders.spread_button.text() == "Apply fc6 to all like this"
    pruning.editor.sliders.spread_button.click()
    assert pruning.draft.steps[0]["per_layer"] == pytest.approx({"fc6": 0.75, "fc7": 0.75, "fc8": 0.75})


def test_chips_pick_show_and_leave_out(qtbot, pruning, desk):
    chips = pruning.editor.chips.buttons
    chips["conv1"].click()  # not picked: pick it, and show it
    assert desk.layer == "conv1"
    assert pruning.editor.picked_words.text() == "4 of 8 layers picked"
    qtbot.waitUntil(lambda: chips["conv1"].chip.shown)  # the editor follows the selection in a turn of its own
    chips["conv1"].click()  # shown and picked: leave it out
    assert pruning.draft.steps[0]["layers"] == ("fc6", "fc7", "fc8")


def test_the_mode_keeps_what_goes(pruning):
    before = figures(pruning)["Parameters that stay"]
    pruning.editor.mode.button("per_layer").click()
    assert set(pruning.draft.steps[0]["per_layer"]) == {"fc6", "fc7", "fc8"}
    assert figures(pruning)["Parameters that stay"] == before


def test_steps_are_moved_by_keys_and_undone(qtbot, pruning):
    pruning.draft.add("fine_tune")
    row = pruning.recipe_card.list.rows[1]
    qtbot.keyClick(row, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [s["method"] for s in pruning.draft.steps] == ["fine_tune", "magnitude_pruning"]
    pruning.undo_button.click()
    assert [s["method"] for s in pruning.draft.steps] == ["magnitude_pruning", "fine_tune"]


def test_a_step_is_dragged_above_another(qtbot, pruning):
    pruning.draft.add("fine_tune")
    qtbot.wait(30)
    first, second = pruning.recipe_card.list.rows
    down, above = QPointF(second.rect().center()), QPointF(second.mapFrom(pruning.recipe_card.list, first.pos()))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, at, button, held in (
        (QEvent.Type.MouseButtonPress, down, left, left),
        (QEvent.Type.MouseMove, above, none, left),
        (QEvent.Type.MouseButtonRelease, above, left, none),
    ):
        there = QPointF(second.mapToGlobal(at.toPoint()))
        QApplication.sendEvent(second, QMouseEvent(kind, at, there, button, held, Qt.KeyboardModifier.NoModifier))
    assert [s["method"] for s in pruning.draft.steps] == ["fine_tune", "magnitude_pruning"]


def test_a_switched_off_step_is_not_predicted(pruning):
    pruning.recipe_card.list.rows[0].switch.click()
    assert pruning.draft.steps[0]["enabled"] is False
    assert figures(pruning)["Parameters that stay"] == "61.0"
    assert not pruning.run_button.isEnabled()


def test_knobs_are_typed_into_a_form_made_from_the_method(pruning):
    pruning.draft.add("fine_tune")
    assert pruning.step_card.form_title.text() == "Fine-tune"
    pruning.step_card.form.field("epochs").setValue(9)
    assert pruning.draft.steps[1]["epochs"] == 9
    assert pruning.recipe_card.list.rows[1].summary.text() == "9 epochs"


def test_run_asks_for_just_these_steps(pruning, bench):
    pruning.draft.add("fine_tune")
    pruning.draft.change(1, epochs=2)
    pruning.run_button.click()
    ((name, given),) = bench.calls
    assert (name, given["parent"]) == ("compress", "A")
    assert [s["method"] for s in given["steps"]] == ["magnitude_pruning", "fine_tune"]
    assert given["steps"][0]["share"] == 0.91
    assert given["steps"][1]["epochs"] == 2
    assert given["profile_on"] == ("cpu",)
    assert len(given["title"]) <= 24


def test_while_it_runs_the_lower_card_shows_the_learning(qtbot, pruning, bench):
    pruning.run_button.click()
    history = ({"epoch": 1, "loss": 0.5, "validation": 0.5}, {"epoch": 2, "loss": 0.4, "validation": 0.55})
    progress = Progress(0.4, "Epoch 2 of 3", {"loss": 0.4, "epoch": 2})
    bench.show_job(JobView("job-1", "compress", "G", "Prune", "running", progress, 130.0, history=history))
    qtbot.waitUntil(lambda: len(pruning.lower_card.curves.loss.values) == 2)
    assert pruning.lower_card.pages.currentIndex() == 2
    assert pruning.lower_card.curves.accuracy.level == pytest.approx(57.1)
    assert "loss 0.400" in pruning.lower_card.learning.text()
    assert "about 2 min left" in pruning.lower_card.learning.text()


def test_a_failed_run_is_told_in_place(qtbot, pruning, bench):
    pruning.run_button.click()
    view = JobView("job-1", "compress", "G", "Prune", "failed", error="The disk is full.", fix="Make room.")
    bench.show_job(view)
    qtbot.waitUntil(lambda: pruning._notices.count() > 0)
    assert "The disk is full. Make room." in said(pruning._notices.itemAt(0).widget())


def test_what_keeps_it_from_running_is_said_before(pruning, bench):
    pruning.draft.change(0, layers=("fc99",))
    texts = [check.text for check in pruning.recipe_card.checks.shown]
    assert any("There is no layer “fc99”" in text for text in texts)
    assert not pruning.run_button.isEnabled()
    pruning.primary()
    assert bench.calls == []


def test_a_recipe_is_saved_and_opened_again(pruning, tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    pruning.save_button.click()
    pruning.draft.load([])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    pruning.ask_recipe()
    assert pruning.draft.steps[0]["share"] == 0.91
    assert list(pruning.draft.steps[0]["layers"]) == ["fc6", "fc7", "fc8"]


def test_a_broken_recipe_is_told_and_changes_nothing(pruning, tmp_path):
    path = Path(tmp_path / "broken.toml")
    path.write_text("version = 1\n[[step]]\nmethod = 'magic'\n")
    pruning.open_recipe(path)
    assert "broken.toml" in said(pruning._notices.itemAt(0).widget())
    assert pruning.draft.steps[0]["share"] == 0.91


def test_it_starts_from_the_selected_candidate_until_a_recipe_is_written(page, desk):
    desk.select_candidate("D")
    assert page.starts_from.button.text() == "D  Prune to 30 %"
    page.take_recipe([PRUNE])
    desk.select_candidate("B")
    assert page.starts_from.button.text() == "D  Prune to 30 %"


def test_a_new_study_is_taken_in(page, desk):
    page.take_recipe([PRUNE])
    only = CandidateBorn("A", None, "Baseline", "zoo:AlexNet", "other.onnx", breakdown(), 60_965_224)
    desk.attach(InstantWorkbench([only]))
    assert page.source is not None
    assert page.source.file_name == "other.onnx"


def test_rows_of_many_layers_come_a_few_at_a_time(qtbot):
    lines = [SliderLine(f"conv{n}", "conv", 100, None, False) for n in range(20)]
    sliders = LayerSliders()
    qtbot.addWidget(sliders)
    sliders.show_lines(lines, "2,000", "2,000", "")
    assert len(sliders.rows) < 20, "the window goes on in between"
    qtbot.waitUntil(lambda: list(sliders.rows) == [line.name for line in lines])
