"""One candidate on several devices as a table and bars: values and words, no widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app import words
from app.board_facts import BoardFacts
from app.board_story import BoardRow, runs_on_gpu
from app.ui.parts.table import Cell, Column, Row
from app.ui.plots.device_bars import Bar, DeviceRow
from app.words import State

Titles = Callable[[str], str]  # a device's name → what its user calls it

PANELS = ("Frames a second per watt", "Frames a second per dollar")

COLUMNS = (
    Column("name", "Device", left=True, width=130, firm=True),
    Column("how", "Engine", left=True, width=128, firm=True),
    Column("price", "Price", width=78, firm=True, unit="US$", tip="Of the developer kit at its launch"),
    Column(
        "peak",
        "Peak",
        width=98,
        firm=True,
        unit="GFLOPS",
        tip="The GPU’s most arithmetic, in the run’s precision",
    ),
    Column("bandwidth", "Bandwidth", width=88, firm=True, unit="GB/s", tip="Between memory and processor, at most"),
    Column("watts", "Watts", width=100, firm=True, unit="W", tip="Mean over the run, idle included"),
    Column("time", "Time", width=102, firm=True, unit="ms", tip="Median of a batch, end to end"),
    Column("fps", "Frames/s", bar=True, width=80, firm=True, tip="Images a second: the batch ÷ the median"),
    Column("per_dollar", "Per dollar", bar=True, width=84, firm=True, tip="Frames a second ÷ the price"),
    Column("per_watt", "Per watt", bar=True, width=80, firm=True, tip="Frames a second ÷ the watts"),
    Column("energy", "Energy", width=100, firm=True, unit="mJ", tip="Of one inference, above idle"),
    Column("efficiency", "Of peak", width=78, firm=True, unit="0 to 1", tip="2 × MACs × frames a second ÷ the peak"),
)


def board_cells(row: BoardRow, title: Titles) -> dict[str, Cell]:
    """Every figure with where it comes from; an imported time, and what follows from it, bears its mark."""
    state = _state(row)
    drawn = _power_state(row)

    def cell(field: str, text: str, value: float | None, of: State = state, none: str = words.not_measured) -> Cell:
        source = row.sources.get(field, "")
        return (
            Cell(none, None, source, muted=True) if value is None else Cell(words.marked(text, of), value, source, of)
        )

    no_price, no_watts = ("no time", "no time") if row.fps is None else ("no price", "no watts")
    return {
        "name": Cell(title(row.device), row.device, row.imported or row.title, strong=True),
        "how": Cell(_how(row), _how(row), "" if row.complete else "Interrupted: what was measured is kept"),
        "price": cell("price_usd", _dollars(row.price_usd), row.price_usd, "counted", "not known"),
        "peak": cell("peak_gflops", _gflops(row.peak_gflops), row.peak_gflops, "counted", "not known"),
        "bandwidth": cell("bandwidth_gbs", _gigabytes(row.bandwidth_gbs), row.bandwidth_gbs, "counted", "not known"),
        "watts": _watts(row),
        "time": cell("median_ms", words.milliseconds(row.median_ms), row.median_ms),
        "fps": cell("fps", _plain(row.fps), row.fps, none="no time"),
        "per_dollar": cell("fps_per_dollar", _plain(row.fps_per_dollar), row.fps_per_dollar, none=no_price),
        "per_watt": cell("fps_per_watt", _plain(row.fps_per_watt), row.fps_per_watt, drawn, no_watts),
        "energy": cell("energy_mj", words.millijoules(row.energy_mj), row.energy_mj, drawn),
        "efficiency": _efficiency(row, state),
    }


def _state(row: BoardRow) -> State:
    return "imported" if row.imported else "measured"


def _power_state(row: BoardRow) -> State:
    """Of watts and what follows from them: an external meter's file is an import too."""
    return "imported" if row.imported or row.power_imported else "measured"


def _efficiency(row: BoardRow, state: State) -> Cell:
    if row.efficiency is not None:
        return Cell(words.marked(words.percent(row.efficiency), state), row.efficiency, state=state)
    if row.fps is None:
        return Cell("no time", None, muted=True)
    if row.peak_gflops is None:
        return Cell("no peak", None, muted=True)
    if not runs_on_gpu(row.engine):
        tip = "The printed peak is the GPU’s, and the processor ran this"
        return Cell(words.does_not_apply, None, tip, muted=True)
    return Cell("not counted", None, "Not all operators of the network are counted", muted=True)


def _plain(value: float | None) -> str:
    return "" if value is None else words.exact(round(value)) if value >= 1000 else words.significant(value)


def _dollars(value: float | None) -> str:
    return "" if value is None else f"${words.exact(round(value))}"


def _gflops(value: float | None) -> str:
    """326 GFLOPS, 1.33 TFLOPS."""
    return "" if value is None else words.three_digits(1e9 * value, "FLOPS").replace(" FLOPS", "FLOPS")


def _gigabytes(value: float | None) -> str:
    return "" if value is None else f"{words.significant(value)} GB/s"


def _how(row: BoardRow) -> str:
    """trtexec fp16, batch 4."""
    return f"{row.engine} {row.precision}".strip() + (f", batch {row.batch}" if row.batch > 1 else "")


def _watts(row: BoardRow) -> Cell:
    """Measured, idle included; what the maker prints stands in the tooltip, and in no ratio."""
    printed = ""
    if row.printed_watts is not None:
        low, high = row.printed_watts
        span = f"{low:g} W" if low == high else f"{low:g} to {high:g} W"
        printed = f"Printed: {span}. {row.sources.get('printed_watts', '')}"
    tip = "\n".join(part for part in (row.sources.get("watts", ""), printed) if part)
    if row.watts is None:
        return Cell(words.not_measured, None, tip, muted=True)
    state = _power_state(row)
    return Cell(words.marked(f"{words.significant(row.watts)} W", state), row.watts, tip, state)


def table_rows(rows: Sequence[BoardRow], others: Sequence[tuple[str, BoardFacts | None]], title: Titles) -> list[Row]:
    """`others`: devices on which the candidate has not run, with what is known of such a board."""
    state: dict[bool, State] = {True: "imported", False: "measured"}
    made = [Row(row.device, board_cells(row, title), mark_state=state[bool(row.imported)]) for row in rows]
    return made + [_other(name, board, title) for name, board in others]


def _other(name: str, board: BoardFacts | None, title: Titles) -> Row:
    cells = {"name": Cell(title(name), name), "time": Cell(words.not_measured, None, muted=True)}
    if board is not None:
        told = (
            ("price", "price_usd", board.price_usd, _dollars(board.price_usd)),
            ("peak", "fp32_gflops", board.peak_gflops("fp32"), _gflops(board.peak_gflops("fp32"))),
            ("bandwidth", "bandwidth_gb_s", board.bandwidth_gb_s, _gigabytes(board.bandwidth_gb_s)),
        )
        cells |= {
            key: Cell(text, value, board.sources.get(at, "")) for key, at, value, text in told if value is not None
        }
    return Row(name, cells, muted=True)


def device_rows(rows: Sequence[BoardRow], title: Titles) -> list[DeviceRow]:
    """The two ratios as bars, with everything on the device's card."""
    return [DeviceRow(row.device, title(row.device), _bars(row), _lines(row, title)) for row in rows]


def _bars(row: BoardRow) -> tuple[Bar, ...]:
    known = row.fps is not None
    return (
        _bar(row.fps_per_watt, "watts not measured" if known else "time not measured", _power_state(row)),
        _bar(row.fps_per_dollar, "price not known" if known else "time not measured", _state(row)),
    )


def _bar(value: float | None, otherwise: str, state: State) -> Bar:
    return Bar(value, otherwise if value is None else words.marked(_plain(value), state), state)


def _lines(row: BoardRow, title: Titles) -> tuple[tuple[str, str], ...]:
    cells = board_cells(row, title)
    return tuple((column.head, cells[column.key].text) for column in COLUMNS if column.key != "name")
