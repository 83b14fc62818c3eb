"""Profile: what a device said, layer by layer, and candidates that ran in turn."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel

from app.facts import Profiled
from app.ui.desk import Desk
from app.ui.profile_page import ProfilePage
from app.workbench import JobView
from profiler.measurement import Load
from tests.app.ui.pages_support import InstantWorkbench, compared, profile, study_facts
from tests.app.ui.shown import show

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def bench() -> InstantWorkbench:
    return InstantWorkbench(study_facts())


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    made.select_candidate("D")
    return made


@pytest.fixture
def page(qtbot, desk) -> ProfilePage:
    made = show(qtbot, ProfilePage(desk), 1192, 762)
    qtbot.waitUntil(lambda: "cpu" in made.devices)
    return made


def said(widget) -> str:
    return " ".join(found.text() for found in widget.findChildren(QLabel) if not found.isHidden())


def test_a_candidate_that_has_not_run_says_so(page, desk):
    desk.select_candidate("F")
    assert page.empty.words.text() == "F has not run on this computer."
    assert [b.text() for b in page.empty.buttons] == ["Profile F"]


def test_the_button_profiles_the_selected_candidate_with_the_settings(page, bench):
    page.popup.fields["runs"].setValue(80)
    page.run_button.click()
    ((name, given),) = bench.calls
    assert (name, given["letter"], given["device"], given["settings"].runs) == ("profile", "D", "cpu", 80)


def test_while_it_runs_the_button_says_so(qtbot, page, bench):
    bench.show_job(JobView("j", "profile", "D", "Profile", "running"))
    qtbot.waitUntil(lambda: page.run_button.text() == "Profiling D…")
    assert not page.run_button.isEnabled()


def test_the_ticks_are_the_parent_s_times(page):
    row = page.run.bars.shown()[3]
    assert (row.key, row.cells["bar"].value) == ("conv2", pytest.approx(8.94, rel=0.03))
    assert row.cells["time"].value == pytest.approx(0.46 * 8.94, rel=0.03)
    assert row.cells["change"].text.endswith("×")


def test_the_same_times_read_same(page, desk, bench):
    bench.record(Profiled("C", "cpu", bench.study.candidates["B"].profiles["cpu"]))
    desk._show(bench.study)
    desk.select_candidate("C")
    assert {row.cells["change"].text for row in page.run.bars.shown()} == {"same"}


def test_picking_a_row_selects_its_layer(page, desk):
    page.run.bars.view.selectRow(3)
    assert desk.layer == "conv2"


def test_a_fused_layer_is_found_in_its_row(page, desk, bench):
    bench.record(Profiled("D", "cpu", profile(fused=True)))
    desk._show(bench.study)
    desk.select_layer("relu1")
    assert page.run.bars.current == "conv1"


def test_power_without_a_meter_is_not_measured_and_says_why(page):
    assert "not measured" in said(page.run)
    page.run.why.setVisible(True)
    assert "No meter was found on this computer." in page.run.why.text()
    assert "RAPL" in page.run.why.text()


def test_it_adds_up(page):
    words = said(page.run.sum_card)
    assert "Does it add up?" in words
    assert "= end to end" in words
    assert "profiling itself + 3." in words


def test_zeros_that_do_not_speed_up_have_their_reason(page, desk):
    desk.select_candidate("B")
    assert "B is no faster, because" in said(page.run)


def test_a_busy_machine_is_an_amber_line(page, desk, bench):
    busy = replace(profile(), load=Load(0.9, 0.9, ("90 % of the machine was busy before the run.",)))
    bench.record(Profiled("D", "cpu", busy))
    desk._show(bench.study)
    assert page.notes.count() == 1
    assert "90 %" in said(page.notes.itemAt(0).widget())


def test_an_interrupted_profile_says_how_far_it_came(page, desk, bench):
    cut = replace(profile(), latencies_ms=profile().latencies_ms[:31], complete=False)
    bench.record(Profiled("F", "cpu", cut))
    desk._show(bench.study)
    desk.select_candidate("F")
    assert page.run.runs.text() == "31 of 50 runs, interrupted"
    assert "interrupted after 31 of 50 runs. Profile F again." in said(page)
    assert page.run.bars.state == "interrupted"


def test_comparing_needs_two(page):
    page.mode.button("compare").click()
    page.compare.pick(["A"])
    assert page.compare.empty.words.text().startswith("Pick two or more candidates.")
    assert not page.run_button.isEnabled()


def test_the_picked_ones_run_in_turn(page, bench):
    page.mode.button("compare").click()
    page.compare.pick(["A", "C", "D"])
    assert page.run_button.text() == "Compare A, C and D"
    page.compare.rounds.setValue(30)
    page.run_button.click()
    ((name, given),) = bench.calls
    assert (name, given["letters"], given["rounds"]) == ("compare", ("A", "C", "D"), 30)


def test_a_comparison_shows_its_interval(page):
    page.compare_letters(("A", "E"))
    (pair,) = page.compare.plot.shown
    assert (pair.name, pair.verdict) == ("E to A", "2.30 × faster")
    assert page.compare.found.isVisible()


def test_a_difference_inside_the_noise_reads_same(page, desk, bench):
    bench.record(compared(("A", "B"), 1.01, 0.99, 1.03))
    desk._show(bench.study)
    page.compare_letters(("A", "B"))
    assert [pair.verdict for pair in page.compare.plot.shown] == ["same"]
