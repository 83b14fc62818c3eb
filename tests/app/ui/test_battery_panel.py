"""The battery: watt-hours and a duty in, hours and inferences out, the arithmetic in the tooltip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.facts import BatteryChosen
from app.ui.desk import Desk
from app.ui.profile.battery_panel import BatteryPanel
from tests.app.ui.pages_support import InstantWorkbench, profile
from tests.app.ui.several_devices import boards_facts, from_caffe, on_tx2
from tests.app.ui.shown import show


@pytest.fixture
def bench() -> InstantWorkbench:
    return InstantWorkbench(boards_facts())


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    return made


@pytest.fixture
def panel(qtbot, desk) -> BatteryPanel:
    made = show(qtbot, BatteryPanel(desk), 300, 200)
    made.show_profile(on_tx2())
    return made


def type_in(panel: BatteryPanel, watt_hours: float, rate: float, duty: str = "a second") -> None:
    panel.capacity.setValue(watt_hours)
    panel.rate.setValue(rate)
    panel.duty.setCurrentText(duty)
    panel._typed()


def test_hours_and_inferences_are_those_of_a_calculator(panel):
    # 3 W idle + 500 mJ once a second = 3.5 W; 35 Wh last 10 h, which are 36,000 inferences
    type_in(panel, 35, 1)
    assert panel.inferences.text() == "36.0 k"
    assert panel.hours.text() == "10.0 h, idling included"


def test_once_an_hour_is_almost_idling(panel):
    # 3 W + 0.5 J ÷ 3600 s = 3.00014 W: 30 Wh last 9.9995 h
    type_in(panel, 30, 1, "an hour")
    assert panel.hours.text() == "10.0 h, idling included"
    assert panel.inferences.text() == "10.0"


def test_without_a_pause_it_draws_what_the_run_drew(panel):
    # 100 inferences in 10 s at 8 W: 16 Wh last 2 h, which are 72,000
    type_in(panel, 16, 1, "without a pause")
    assert panel.hours.text() == "2.00 h, idling included"
    assert panel.inferences.text() == "72.0 k"
    assert not panel.rate.isVisible()


def test_the_tooltip_has_the_formula_with_its_numbers(panel):
    type_in(panel, 35, 1)
    assert panel.inferences.toolTip() == "3.00 W idle + 500 mJ × 3,600 ÷ 3,600 s = 3.50 W; 35.0 Wh ÷ 3.50 W = 10.0 h"
    assert panel.inferences.toolTip() in panel._lines.accessibleDescription()


def test_more_than_the_device_can_do_is_said_and_gives_no_hours(panel):
    type_in(panel, 35, 11)  # it does 10 a second
    assert panel.inferences.text() == ""
    assert panel.hours.text().startswith("39,600 inferences an hour cannot be met.")


def test_without_energy_it_is_not_measured_and_says_why(panel):
    type_in(panel, 35, 1)
    panel.show_profile(profile())
    assert panel.inferences.text() == "not measured"
    assert panel.hours.text() == ""
    assert not panel.why.isVisible()
    panel.why_button.click()
    assert panel.why.isVisible()
    assert "on this computer" in panel.why.text()


def test_an_import_without_power_says_how_to_add_it(panel):
    type_in(panel, 35, 1)
    panel.show_profile(from_caffe())
    assert "can be added" in panel.why.text()


def test_an_energy_of_too_few_samples_is_none(panel):
    type_in(panel, 35, 1)
    short = replace(on_tx2().power, seconds=(0.0, 20.0), watts=(3.0, 3.0))
    panel.show_profile(replace(on_tx2(), power=short))
    assert panel.inferences.text() == "not measured"


def test_without_a_battery_it_asks_for_one(panel):
    assert panel.hours.text() == "Type how many watt-hours the battery holds."
    assert panel.capacity.text() == "no battery"


def test_what_is_typed_is_recorded_once_and_undone_with_the_study(panel, bench, desk):
    type_in(panel, 35, 2, "a minute")
    panel._typed()
    assert bench.recorded == [BatteryChosen(35.0, 120.0)]
    type_in(panel, 35, 2, "without a pause")
    assert bench.recorded[-1] == BatteryChosen(35.0, None)
    bench.record(BatteryChosen(35.0, 120.0))
    desk._show(bench.study)
    assert (panel.rate.value(), panel.duty.currentText()) == (2.0, "a minute")


def test_the_next_study_starts_with_what_was_typed_last(qtbot, panel):
    type_in(panel, 35, 2, "a minute")
    other = Desk()
    other.attach(InstantWorkbench(boards_facts()))  # type: ignore[arg-type]
    again = BatteryPanel(other)
    qtbot.addWidget(again)
    assert (again.capacity.value(), again.rate.value(), again.duty.currentText()) == (35.0, 2.0, "a minute")


def test_it_fits_the_right_column(panel):
    assert panel.minimumSizeHint().width() <= 280
