"""The file that an external power meter wrote: a table of times and watts (or volts and amperes) as text.

Every meter has its own dialect, so the columns are found by their names, the separator and the decimal sign by how the
lines look, and times may be seconds, milliseconds, seconds since 1970, dates, or times of the day.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from profiler.errors import BadInput

LARGEST = 256 * 1024 * 1024  # bytes of a recording that are read
LEAST_ROWS = 2
MOST_WATTS = 100_000.0
DAY = 86_400.0
SEPARATORS = (";", "\t", ",", "|")
FIX = "Export it as CSV with a header such as “time,watts”; one line a sample."

QUANTITIES = {  # a column's name, in lower case and without its unit
    "time": r"(time.*|timestamp|elapsed.*|seconds?|sec|t|date ?time|zeit.*|시간)",
    "date": r"(date|datum|날짜)",
    "watts": r"(.*power.*|watts?|p|leistung|active power|전력)",
    "volts": r"(.*voltage.*|volts?|v|u|vbus|spannung|전압)",
    "amperes": r"(.*current.*|amps?|amperes?|i|a|ibus|strom|전류)",
}
UNITS = {  # what a unit is worth in seconds, watts, volts or amperes
    "time": {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9},
    "watts": {"w": 1.0, "mw": 1e-3, "uw": 1e-6, "µw": 1e-6, "kw": 1e3, "watts": 1.0, "watt": 1.0},
    "volts": {"v": 1.0, "mv": 1e-3, "volts": 1.0},
    "amperes": {"a": 1.0, "ma": 1e-3, "ua": 1e-6, "µa": 1e-6, "amps": 1.0},
}
DATES = ("%d.%m.%Y %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S")
TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?$")


@dataclass(frozen=True)
class Readings:
    """Watts of an external meter. Seconds count from the first sample, whose moment is `epoch` (since 1970) if told.

    `columns` are the names in the file of what was read: the time, then the power or the voltage and the current.
    """

    name: str
    columns: tuple[str, ...]
    seconds: tuple[float, ...]
    watts: tuple[float, ...]
    epoch: float | None = None

    @property
    def spacing(self) -> float:
        """Mean seconds from one sample to the next."""
        return (self.seconds[-1] - self.seconds[0]) / (len(self.seconds) - 1)


@dataclass(frozen=True)
class Column:
    """Where a quantity is found: its place in the line, what it is called, and what its unit is worth."""

    place: int
    name: str
    scale: float | None  # None: the name has no unit


def read_csv(path: Path) -> Readings:
    """Read a meter's recording. Raises BadInput, naming the line, for what is none."""
    lines = _lines(path)
    separator = _separator(lines)
    rows = [
        (number, row)
        for number, row in enumerate(csv.reader(lines, delimiter=separator), 1)
        if any(map(str.strip, row))
    ]
    header, columns = _columns(rows, path)
    table = [(number, row) for number, row in rows if number > header]
    samples = [sample for number, row in table if (sample := _sample(row, columns, number, path)) is not None]
    if len(samples) < LEAST_ROWS:
        raise BadInput(f"“{path.name}” has {len(samples)} samples of power.", "", FIX)
    seconds, absolute = _in_seconds([sample[1] for sample in samples], columns["time"].scale)
    _increasing(seconds, [sample[0] for sample in samples], path)
    spread = _spread(seconds)
    return Readings(
        name=path.name,
        columns=tuple(columns[key].name for key in ("time", "watts", "volts", "amperes") if key in columns),
        seconds=tuple(second - spread[0] for second in spread),
        watts=tuple(sample[2] for sample in samples),
        epoch=spread[0] if absolute else None,
    )


def _lines(path: Path) -> list[str]:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise BadInput(f"“{path.name}” has {size / 1e6:.0f} MB.", "", "Cut the recording down to the run.")
        raw = path.read_bytes()
    except OSError as problem:
        raise BadInput(f"“{path}” cannot be read: {problem.strerror}.", "", "Check the path.") from None
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding).replace("\0", "").splitlines()
    except UnicodeDecodeError:
        return raw.decode("latin-1").replace("\0", "").splitlines()


def _separator(lines: Sequence[str]) -> str:
    """The first of the usual separators that most lines have: beside another one, a comma is a decimal sign."""
    sample = [line for line in lines[:200] if line.strip()]
    for separator in SEPARATORS:
        if sum(separator in line for line in sample) * 2 > len(sample):
            return separator
    return ","


def _columns(rows: Sequence[tuple[int, list[str]]], path: Path) -> tuple[int, Mapping[str, Column]]:
    """The line of the header (0: there is none) and the columns it names."""
    for number, row in rows[:100]:
        found = _named(row)
        if "time" in found and ("watts" in found or {"volts", "amperes"} <= set(found)):
            return number, found
    if rows and len(rows[0][1]) == 2 and all(_is_number(cell) for cell in rows[0][1]):
        return 0, {"time": Column(0, "first column", None), "watts": Column(1, "second column", 1.0)}
    shown = "; ".join(cell.strip() for cell in rows[0][1][:6]) if rows else "nothing"
    raise BadInput(f"“{path.name}” has no columns of time and power.", f"Its first line says: {shown[:200]}.", FIX)


def _named(row: Sequence[str]) -> dict[str, Column]:
    """The quantities that a header's cells name, each at its first place."""
    found: dict[str, Column] = {}
    for place, cell in enumerate(row):
        name, unit = _name_and_unit(cell)
        for quantity, pattern in QUANTITIES.items():
            worth = UNITS.get(quantity, {})
            fits = re.fullmatch(pattern, name) is not None and (
                unit == "" or unit in worth or quantity in ("time", "date")
            )
            if quantity not in found and (fits or (not name and unit in worth)):
                found[quantity] = Column(place, cell.strip(), worth.get(unit))
                break
    return found


def _name_and_unit(cell: str) -> tuple[str, str]:
    """("power", "mw") from "Power [mW]", "power_mw", "Power (mW)" or "Power/mW"."""
    text = cell.strip().lower().replace("μ", "µ")
    if any(text in worth for worth in UNITS.values()):
        return "", text
    bracketed = re.fullmatch(r"(.*?)\s*[\[(/]\s*([^\])]*)[\])]?", text)
    if bracketed:
        return bracketed[1].replace("_", " ").strip(), bracketed[2].strip()
    name, _, unit = text.rpartition("_")
    if name and any(unit in worth for worth in UNITS.values()):
        return name.replace("_", " "), unit
    name, _, unit = text.rpartition(" ")
    if name and any(unit in worth for worth in UNITS.values()):
        return name, unit
    return text.replace("_", " "), ""


def _sample(
    row: Sequence[str], columns: Mapping[str, Column], number: int, path: Path
) -> tuple[int, str, float] | None:
    """(line, time as written, watts); None for a line without power, which meters write while they start."""
    wanted = [columns[key] for key in ("watts", "volts", "amperes") if key in columns]
    if "watts" in columns:
        wanted = wanted[:1]
    cells = [row[column.place].strip() if column.place < len(row) else "" for column in wanted]
    when = row[columns["time"].place].strip() if columns["time"].place < len(row) else ""
    if "date" in columns and columns["date"].place < len(row):
        when = f"{row[columns['date'].place].strip()} {when}"
    if "" in cells:
        return None
    product = 1.0
    for column, cell in zip(wanted, cells, strict=True):
        value = decimal(cell)
        if value is None:
            raise _wrong_line(path, number, f"“{cell[:40]}” is no number for “{column.name}”")
        product *= value * (column.scale or 1.0)
    if abs(product) > MOST_WATTS:
        raise _wrong_line(path, number, f"{product:.4g} W cannot be")
    return number, when, product


def decimal(text: str) -> float | None:
    """A finite number, its decimal sign a point or a comma; of both, the last is it. None for anything else."""
    plain = text.strip().replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace("−", "-")
    if "," in plain:
        whole, _, rest = plain.rpartition(",")
        last_is_point = "." in rest
        plain = plain.replace(",", "") if last_is_point else whole.replace(".", "").replace(",", "") + "." + rest
    if len(plain) > 40 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", plain):
        return None
    value = float(plain)
    return value if abs(value) < 1e300 else None


def _is_number(cell: str) -> bool:
    return decimal(cell) is not None


def _wrong_line(path: Path, number: int, what: str) -> BadInput:
    return BadInput(f"“{path.name}” cannot be read as a meter’s recording.", f"Line {number}: {what}.", FIX)


def _in_seconds(times: Sequence[str], scale: float | None) -> tuple[list[float], bool]:
    """Seconds, and whether they count from 1970. Raises BadInput on a time that is in no known form."""
    first = decimal(times[0])
    if first is not None and scale is None:
        scale = next((worth for least, worth in ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3)) if first > least), 1.0)
    seconds: list[float] = []
    for text in times:
        number = decimal(text)
        if (number is None) != (first is None):
            raise BadInput(
                f"The time “{text[:40]}” is written otherwise than the first one, “{times[0][:40]}”.", "", FIX
            )
        seconds.append(number * (scale or 1.0) if number is not None else moment(text))
    if first is None and TIME_OF_DAY.match(times[0].strip()):
        return _over_midnight(seconds), False
    return seconds, first is None or seconds[0] > 1e9


def moment(text: str) -> float:
    """Seconds since 1970 of a date (in this computer’s zone where none is told); of a time alone, of the day."""
    plain = text.strip()
    if found := TIME_OF_DAY.match(plain):
        return int(found[1]) * 3600 + int(found[2]) * 60 + float((found[3] or "0").replace(",", "."))
    plain = re.sub(r"(\d),(\d)", r"\1.\2", plain).replace("/", "-")
    try:
        return datetime.fromisoformat(plain).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    for form in DATES:
        try:
            return datetime.strptime(plain, form).timestamp()
        except (ValueError, OverflowError, OSError):
            continue
    raise BadInput(
        f"“{text[:40]}” is no time that is understood.", "", "Write dates as 2026-01-31T12:00:00.5, or seconds."
    )


def _over_midnight(seconds: Sequence[float]) -> list[float]:
    """Times of the day, going on after midnight."""
    days, found = 0.0, list(seconds[:1])
    for before, after in pairwise(seconds):
        days += DAY if after < before - DAY / 2 else 0.0
        found.append(after + days)
    return found


def _increasing(seconds: Sequence[float], numbers: Sequence[int], path: Path) -> None:
    for number, (before, after) in zip(numbers[1:], pairwise(seconds), strict=True):
        if after < before:
            raise _wrong_line(path, number, f"the time goes back by {before - after:.4g} s")
    if seconds[-1] <= seconds[0]:
        raise _wrong_line(path, numbers[-1], "all samples have the same time")


def _spread(seconds: Sequence[float]) -> list[float]:
    """Samples of one written second (a meter that writes whole seconds) evenly over the time to the next one."""
    starts = [place for place, second in enumerate(seconds) if place == 0 or second > seconds[place - 1]]
    if len(starts) == len(seconds):
        return list(seconds)
    found: list[float] = []
    lasting = 0.0
    for first, last in pairwise([*starts, len(seconds)]):
        lasting = seconds[last] - seconds[first] if last < len(seconds) else lasting
        found += [seconds[first] + lasting * step / (last - first) for step in range(last - first)]
    return found
