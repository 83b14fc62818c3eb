import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.ui import remember
from app.ui.parts.table import Cell, Column, DataTable, Row, TableCard

COLUMNS = [
    Column("name", "Layer", left=True),
    Column("params", "Parameters", bar=True),
    Column("time", "Time, here", unit="ms"),
]


def row(name: str, params: int | None, time: float | None, mark: str) -> Row:
    known = Cell(f"{params} p", params) if params is not None else Cell("not known", None)
    cells = {"name": Cell(name, name), "params": known, "time": Cell(f"{time} ms" if time else "–", time)}
    return Row(name, cells, mark)


ROWS = [
    row("conv1", 20, 3.0, "conv"),
    row("pool1", 0, None, "other"),
    row("odd", None, 1.0, "other"),
    row("fc1", 400, 2.0, "fc"),
]
TOTAL = Row("", {"name": Cell("Total", "Total"), "params": Cell("420", 420), "time": Cell("6.0 ms", 6.0)})


@pytest.fixture
def table(qtbot) -> DataTable:
    made = DataTable("test", "Layers")
    made.show_columns(COLUMNS)
    made.show_rows(ROWS, TOTAL)
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.show()
    return made


def names(table: DataTable) -> list[str]:
    return [r.key for r in table.shown()]


def test_a_click_sorts_largest_first_then_smallest_then_as_given(table: DataTable):
    table.sort_next(1)
    assert names(table) == ["fc1", "conv1", "pool1", "odd"]
    table.sort_next(1)
    assert names(table) == ["pool1", "conv1", "fc1", "odd"]
    table.sort_next(1)
    assert names(table) == ["conv1", "pool1", "odd", "fc1"]


def test_names_sort_from_a(table: DataTable):
    table.sort_next(0)
    assert names(table) == ["conv1", "fc1", "odd", "pool1"]


def test_what_is_not_known_is_last_either_way(table: DataTable):
    for _ in range(2):
        table.sort_next(2)
        assert names(table)[-1] == "pool1"


def test_a_filter_needs_every_word_and_no_case(table: DataTable):
    assert table.filter_by("CONV 20") == 1
    assert names(table) == ["conv1"]
    assert table.filter_by("", "other") == 2
    assert names(table) == ["pool1", "odd"]


def test_copying_takes_exact_values_with_heads_and_units(table: DataTable):
    table.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "Layer\tParameters\tTime, here (ms)"
    assert lines[1] == "conv1\t20\t3.0"
    assert lines[2] == "pool1\t0\t–"
    assert lines[3] == "odd\tnot known\t1.0"
    assert lines[-1] == "Total\t420\t6.0"


def test_copying_several_chosen_rows_copies_only_them(table: DataTable):
    table.view.selectRow(0)
    flags = table.view.selectionModel().SelectionFlag
    table.view.selectionModel().select(table.rows.index(3, 0), flags.Select | flags.Rows)
    table.copy()
    assert QGuiApplication.clipboard().text().splitlines()[1:] == ["conv1\t20\t3.0", "fc1\t400\t2.0"]


def test_csv_leaves_unknown_empty_and_json_says_null(table: DataTable, tmp_path):
    written = table.write(tmp_path / "t.csv").read_text()
    assert written.splitlines()[2:4] == ["pool1,0,", "odd,not known,1.0"]
    listed = json.loads(table.write(tmp_path / "t.json").read_text())
    assert listed["rows"][1] == {"Layer": "pool1", "Parameters": 0, "Time, here (ms)": None}
    assert listed["title"] == "Layers"


def test_picking_tells_nobody_and_a_key_does(table: DataTable, qtbot):
    heard: list[str] = []
    table.picked.connect(heard.append)
    table.pick("pool1")
    assert table.current == "pool1"
    assert heard == []
    qtbot.keyClick(table.view, Qt.Key.Key_Down)
    assert heard == ["odd"]
    qtbot.keyClick(table.view, Qt.Key.Key_K)
    assert heard == ["odd", "pool1"]


def test_the_picked_row_stays_picked_when_it_is_sorted_and_shown_anew(table: DataTable):
    table.pick("fc1")
    table.sort_next(1)
    assert table.current == "fc1"
    table.show_rows(ROWS[::-1], TOTAL)
    assert table.current == "fc1"


def test_widths_that_a_person_gives_are_remembered(table: DataTable):
    table.head.resizeSection(0, 211)
    assert remember.columns("test")["name"] == 211
    other = DataTable("test", "Layers")
    other.show_columns(COLUMNS)
    assert other.head.sectionSize(0) == 211


def test_the_columns_fill_the_table(table: DataTable):
    assert sum(table.head.sectionSize(i) for i in range(3)) == table.view.viewport().width()


def test_a_filter_without_a_hit_says_so_and_can_be_cleared(qtbot, table: DataTable):
    card = TableCard(table, thing="layer")
    qtbot.addWidget(card)
    card.show()
    card.field.setText("fc9")
    assert card.nothing.words.text() == "No layer matches “fc9”."
    assert card.nothing.isVisible()
    assert not table.isVisible()
    card.nothing.buttons[0].click()
    assert card.field.text() == ""
    assert table.isVisible()
    assert len(names(table)) == 4


def test_a_screen_reader_hears_name_column_and_value(table: DataTable):
    spoken = table.rows.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "conv1, Parameters, 20 p"
    assert "Parameters 420" in table.total.accessibleName()
