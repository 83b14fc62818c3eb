"""Sharing by hand: values are dragged, typed and moved by keys; bits layer by layer; the prediction follows."""

import pytest
from PySide6.QtCore import QPointF, Qt

from app.centroids import MOST
from app.facts import Packed, PackedLayer
from app.ui.compress_page import CompressPage
from app.ui.desk import Desk
from app.ui.packing_sheet import PackingSheet
from tests.app.ui.pages_support import PRUNE, InstantWorkbench, study_facts
from tests.app.ui.shown import show
from tests.app.ui.test_compress_page import figures
from tests.app.ui.test_plots import drag

pytestmark = pytest.mark.usefixtures("at_once")
SHARE = {"method": "weight_sharing", "bits": 4, "epochs": 0}


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
    """With a step that shares all layers' weights, fc6 shown, everything read."""
    made = show(qtbot, CompressPage(desk), 1192, 762)
    made.take_recipe([SHARE])
    desk.select_layer("fc6")
    qtbot.waitUntil(lambda: len(made.sharing.index_bits()) == 8 and made.sharing.plot.marks.movable)
    qtbot.wait(60)
    return made


def given(page: CompressPage) -> tuple[float, ...]:
    return page.draft.steps[page.draft.picked]["given"]["fc6"]


def test_the_editor_draws_the_values_over_the_weights(page):
    assert page.step_card.pages.currentWidget() is page.sharing
    assert page.sharing.plot.marks.values.size == 16
    assert sum(page.sharing.plot.members) == 20_000
    assert not page.sharing.plot.left.isVisible(), "there is no threshold to drag here"
    assert "16 values by k-means" in page.sharing.layer_words.text()


def test_a_dragged_value_is_by_hand_and_the_prediction_follows(page):
    plot, before = page.sharing.plot, page.sharing.index_bits()["fc6"]
    size = page.knobs.sizes["fc6"]
    values = plot.marks.values.copy()
    drag(plot, QPointF(values[3], 0), QPointF((values[3] + 2 * values[2]) / 3, 0))
    assert given(page)[3] == pytest.approx((values[3] + 2 * values[2]) / 3, abs=2e-4)
    assert [v for n, v in enumerate(given(page)) if n != 3] == pytest.approx(
        [v for n, v in enumerate(values) if n != 3]
    )
    assert page.sharing.index_bits()["fc6"] != before
    assert page.knobs.sizes["fc6"] != size
    assert "16 values by hand" in page.sharing.layer_words.text()
    assert page.undo(), "a drag is one change"
    assert "given" not in page.draft.steps[0] or not page.draft.steps[0]["given"]


def test_while_dragging_no_worker_is_asked(page, bench):
    """A move of the hand counts the cells that are here: no weight, and nobody who could be slow."""
    plot = page.sharing.plot
    asked = len(bench.asked)
    values = plot.marks.values.copy()
    for part in range(1, 9):
        plot.marks.moved.emit(3, float(values[3] + part * (values[4] - values[3]) / 10))
    assert len(bench.asked) == asked
    assert page.sharing._spread("fc6").means.size <= 20_000
    assert MOST < 20_000, "what a real worker sends is thinner still"


def test_a_value_is_typed_and_moved_by_keys(qtbot, page):
    plot, before = page.sharing.plot, page.sharing.plot.marks.values.copy()
    qtbot.keyClick(plot, Qt.Key.Key_Up)
    assert plot.marks.place == 1
    assert "shared value 2 of 16" in plot.accessibleDescription()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert given(page)[1] > before[1]
    page.sharing.typed.setValue(float(before[1]) + 0.0005)
    assert given(page)[1] == pytest.approx(before[1] + 0.0005, abs=1e-6)


def test_a_minus_is_one_and_a_hyphen_can_be_typed(qtbot, page):
    field = page.sharing.typed
    assert field.text().startswith("\N{MINUS SIGN}0.0")
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "-0.028")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert given(page)[0] == -0.028
    assert field.text() == "\N{MINUS SIGN}0.028"


def test_values_are_found_again(page):
    page.sharing.plot.marks.settled.emit(0, -0.02)
    assert page.sharing.again.isVisible()
    page.sharing.again.click()
    assert page.draft.steps[0]["given"] == {}
    assert not page.sharing.again.isVisible()


def test_many_values_are_ticks(qtbot, page):
    page.knobs.rows["fc6"].settings[0].field.setValue(8)
    assert page.draft.steps[0]["per_layer"] == {"fc6": 8}
    qtbot.waitUntil(lambda: page.sharing.plot.marks.values.size == 256)
    assert not page.sharing.plot.marks.movable
    assert not page.sharing.typed.isEnabled()


def test_bits_of_one_layer_for_all_like_it(page):
    page.knobs.rows["fc6"].settings[0].field.setValue(3)
    assert page.knobs.spread_button.text() == "Apply fc6 to all like this"
    page.knobs.spread_button.click()
    assert page.draft.steps[0]["per_layer"] == {"fc6": 3, "fc7": 3, "fc8": 3}
    page.knobs.level_button.click()
    assert page.draft.steps[0]["per_layer"] == {}
    page.knobs.common.settings[0].field.setValue(6)
    assert page.draft.steps[0]["bits"] == 6


def test_the_slider_of_bits_steps_by_whole_bits(qtbot, page):
    slider = page.knobs.rows["conv1"].settings[0].slider
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert page.draft.steps[0]["per_layer"] == {"conv1": 5}


def test_other_starts_are_asked_for(page, bench):
    page.sharing.start.button("linear").click()
    assert page.draft.steps[0]["start"] == "linear"
    assert any(q == "centroids" and s["start"] == "linear" for q, s in bench.asked)


def test_what_an_earlier_step_prunes_has_no_part(page, bench):
    page.draft.load([{**PRUNE, "epochs": 0}, SHARE])
    page.draft.pick(1)
    threshold = page.sharing.plot.threshold
    assert threshold > 0
    assert not any(abs(value) < threshold for value in page.sharing.plot.marks.values)
    assert sum(page.sharing.plot.members) < 10_000


def test_layers_are_left_out(page, desk):
    page.sharing.chips.buttons["fc6"].click()
    assert "fc6" not in page.draft.steps[0]["layers"]
    assert page.sharing.layer_words.text() == "left out of this step"
    assert "fc6" not in page.knobs.rows


def test_a_codebook_a_channel_is_not_drawn(page):
    page.lower_card.more.field("per").setCurrentIndex(1)
    assert page.draft.steps[0]["per"] == "channel"
    assert not page.sharing.plot.marks.values.size
    assert "for each channel, not drawn" in page.sharing.layer_words.text()


def test_the_pattern_of_zeros(qtbot, page):
    page.sharing.view.views.button("pattern").click()
    picture = page.sharing.view.picture
    qtbot.waitUntil(lambda: picture.shown is not None)
    assert picture.shown.shares.shape == (100, 200)
    qtbot.keyClick(picture, Qt.Key.Key_Down)
    assert "output 1, input 0" in picture.accessibleDescription()
    assert len(picture.rows()) == 101
    assert page._plot() is picture


def test_clip_q_has_two_settings_a_layer(qtbot, page):
    page.draft.add("clip_q")
    qtbot.waitUntil(lambda: len(page.knobs.rows) == 8)
    row = page.knobs.rows["fc7"]
    assert len(row.settings) == 2
    row.settings[0].field.setValue(90)
    row.settings[1].field.setValue(3)
    step = page.draft.steps[1]
    assert (step["per_layer"], step["per_layer_bits"]) == ({"fc7": 0.9}, {"fc7": 3})
    assert page.lower_card.isVisible()


@pytest.mark.parametrize(("method", "left"), [("clean_up", "Operations"), ("int8", "Latency here")])
def test_what_cannot_be_foreseen_says_so(page, method, left):
    page.draft.add(method)
    assert figures(page)[left] == "not predicted"


def test_a_recipe_of_another_network_is_fitted(page):
    page.draft.load([{**PRUNE, "layers": ["fc6", "ip1"]}])
    (check,) = [check for check in page.recipe_card.checks.shown if check.action == "Leave out"]
    assert check.text == "1 layer named here is in another network"
    page._do("Leave out")
    assert page.draft.steps[0]["layers"] == ("fc6",)


def test_a_candidate_s_recipe_on_another(page):
    page.use_recipe([PRUNE], "D")
    assert page.source.letter == "D"
    assert [step["method"] for step in page.draft.steps] == ["magnitude_pruning"]
    assert page.undo()
    assert page.draft.steps[0]["method"] == "weight_sharing"


def test_the_packed_file_as_a_table(qtbot, page, desk, bench):
    fc6 = PackedLayer("fc6.weight", "fc6", 1000, 100, 40, "csr", 20, "codebook", 90, 30, 250, 32)
    bench.record(Packed("B", "b" * 64, 2000, 300, 280, (fc6,)))
    qtbot.waitUntil(lambda: desk.study.candidates["B"].packed.layers == (fc6,))
    sheet = PackingSheet(page, desk)
    sheet.present_for("B")
    shown = sheet.table.shown()
    assert [row.cell("name").text for row in shown] == ["fc6.weight", "Everything else"]
    first = shown[0]
    assert [first.cell(key).text for key in ("rate", "index", "codebook", "values", "entropy")] == [
        "10.0 ×", "40", "20", "40", "90",
    ]  # fmt: skip
    assert sheet.isVisible()
