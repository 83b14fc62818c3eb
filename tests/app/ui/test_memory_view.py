"""Memory, seen: the peak is named, lifetimes lie in lines, and the table follows the selected layer."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from app.ui.network.memory_chart import lanes
from app.ui.network.memory_view import MemoryView
from app.ui.network_page import NetworkPage
from app.ui.plots.tools import write_plot
from profiler.errors import BadInput
from profiler.memory import Lifetime, memory_use
from profiler.plain import to_plain
from profiler.zoo import build
from tests.app.ui.shown import settle, show

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10), st.integers(1, 99)), max_size=40)


@pytest.fixture
def asked(monkeypatch, desk) -> list[dict]:
    """What the view asked; LeNet-5's memory is the answer."""
    heard: list[dict] = []

    def ask(question, settings, then, failed=None):
        heard.append({"question": question, **settings})
        then(to_plain(memory_use(build("LeNet-5"), in_place=settings["in_place"])))

    monkeypatch.setattr(desk, "ask", ask)
    return heard


@pytest.fixture
def page(qtbot, desk, asked) -> NetworkPage:
    made = show(qtbot, NetworkPage(desk))
    made.show_view("memory")
    settle()
    return made


@pytest.fixture
def view(page) -> MemoryView:
    shown = page.shown
    assert isinstance(shown, MemoryView)
    return shown


def test_the_peak_is_named_with_the_weights(view):
    """LeNet-5: conv1 hands on 20·24·24 and pool1 makes 20·12·12 floats: 57,600 bytes; 431,080 weights of 4 bytes."""
    assert view.headline.text() == "Peak 57.6 kB at pool1 · weights 1.72 MB"
    assert [bar.layer for bar in view.chart.bars if bar.is_peak] == ["pool1"]


def test_the_table_tells_what_is_alive_while_the_selected_layer_runs(view, desk):
    desk.select_layer("conv2")
    settle()
    assert view.tensors.title.text() == "Alive while conv2 runs"
    rows = view.table.shown()
    assert [(row.cell("value").text, row.cell("bytes").value) for row in rows] == [
        ("conv2_out", 50 * 8 * 8 * 4),
        ("pool1_out", 20 * 12 * 12 * 4),
    ]
    assert rows[1].cell("story").text == "made by pool1, still read by conv2"


def test_one_question_an_answer_kept(page, view, desk, asked):
    page.show_view("layers")
    page.show_view("memory")
    settle()
    assert [one["in_place"] for one in asked if one["question"] == "memory"] == [False]
    view.way.button("over").click()
    assert [one["in_place"] for one in asked if one["question"] == "memory"] == [False, True]
    view.way.button("own").click()
    assert len([one for one in asked if one["question"] == "memory"]) == 2


def test_click_and_keys_select(view, desk, qtbot):
    place = next(n for n, bar in enumerate(view.chart.bars) if bar.layer == "conv2")
    qtbot.mouseClick(view.chart, Qt.MouseButton.LeftButton, pos=view.chart.bar_rect(place).center().toPoint())
    assert desk.layer == "conv2"
    qtbot.keyClick(view.chart, Qt.Key.Key_Right)
    assert desk.layer == view.chart.bars[place + 1].layer


def test_the_figures_can_be_had(page, view, tmp_path):
    rows = list(csv.reader(write_plot(view.chart, tmp_path / "memory.csv").open()))
    assert rows[0] == ["layer", "alive_bytes", "made_bytes", "weight_bytes"]
    assert rows[1] == ["conv1", str(4 * (28 * 28 + 20 * 24 * 24)), str(4 * 20 * 24 * 24 + 4 * 28 * 28 * 0), "2080"]
    assert page.copy_rows()
    assert page.copy_picture()


def test_a_low_window_shows_the_chart_or_the_table(page, view, qtbot):
    page.resize(850, 560)
    settle()
    assert view.chart.isVisible()
    assert view.height() < 400, (page.height(), view.height())
    assert view.chart.height() >= 100
    assert not view.table.isVisible()
    qtbot.mouseClick(view.part.button("table"), Qt.MouseButton.LeftButton)
    assert view.table.isVisible()
    assert not view.chart.isVisible()
    page.resize(1190, 1100)
    settle()
    assert view.height() > 400
    assert view.table.isVisible()
    assert view.chart.isVisible()
    assert not view.part.isVisible()


def test_what_went_wrong_is_said_in_place(qtbot, desk, monkeypatch):
    def ask(question, settings, then, failed=None):
        failed(BadInput("The memory could not be worked out.", "Its sizes are open.", "Give them."))

    monkeypatch.setattr(desk, "ask", ask)
    page = NetworkPage(desk)
    qtbot.addWidget(page)
    page.show()
    page.show_view("memory")
    settle()
    assert page.shown._stack.currentIndex() == 2
    assert page.shown._errors.count() == 1


@given(SPANS)
def test_no_two_lifetimes_in_a_line_overlap(spans):
    lives = [Lifetime(str(n), "", size, born, born + long, ()) for n, (born, long, size) in enumerate(spans)]
    made = lanes(lives)
    assert sorted(life.value for line in made for life in line) == sorted(life.value for life in lives)
    for line in made:
        steps = [step for life in line for step in range(life.born, life.dies + 1)]
        assert len(steps) == len(set(steps))
