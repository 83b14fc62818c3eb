"""Numbers as people read them, the same in the window, the command line and the report.

Three significant digits with a prefix (totals four), a space before the unit, − and × as signs;
MB = 10^6 bytes. None is "not measured", never 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from profiler.breakdown import CONVENTION_NAMES, Convention
from profiler.measurement import Ratio

State = Literal["measured", "counted", "predicted", "imported", "interrupted"]

not_measured = "not measured"
does_not_apply = "–"  # a pool has no parameters: that is not a zero
MINUS = "−"

_PREFIXES = ("", "k", "M", "G", "T", "P")


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits without an exponent: 3.45, 34.9, 105, 0.0413. Whole digits stay."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")  # rounding first, so that 9.996 becomes 10.0 and not 10.00
    magnitude = int(f"{abs(rounded):e}".partition("e")[2])
    return f"{rounded:.{max(digits - 1 - magnitude, 0)}f}".replace("-", MINUS)


def three_digits(value: float | None, unit: str = "", digits: int = 3) -> str:
    """34.9 k, 105 M, 1.23 G; totals take `digits` = 4: 724.4 M. Whole numbers under 1,000 stay."""
    if value is None:
        return not_measured
    number, prefix = _scaled(value, digits)
    return " ".join(part for part in (number, prefix, unit) if part)


def _scaled(value: float, digits: int) -> tuple[str, str]:
    if abs(value) < 1000 and float(value).is_integer():
        return exact(int(value)), ""
    rounded = abs(float(f"{value:.{digits - 1}e}"))
    step = 0
    while rounded >= 1000 and step < len(_PREFIXES) - 1:
        rounded /= 1000
        step += 1
    return significant(value / 1000**step, digits), _PREFIXES[step]


def exact(value: int | None) -> str:
    """105,415,200."""
    return not_measured if value is None else f"{value:,}".replace("-", MINUS)


def operations(value: int | None, convention: Convention, digits: int = 3) -> str:
    """A count with its convention beside it: 105 M MACs. `value` is already in that convention."""
    return three_digits(value, CONVENTION_NAMES[convention], digits)


def milliseconds(ms: float | None) -> str:
    """3.45 ms; from a second on 1.23 s; below a tenth of a millisecond 41.3 µs."""
    if ms is None:
        return not_measured
    if abs(ms) >= 999.5:
        return f"{significant(ms / 1000)} s"
    return f"{significant(1000 * ms)} µs" if 0 < abs(ms) < 0.1 else f"{significant(ms)} ms"


def millijoules(mj: float | None) -> str:
    """96.0 mJ."""
    return not_measured if mj is None else f"{significant(mj)} mJ"


def megabytes(size: float | None) -> str:
    """243.9 MB, 24.6 MB, 154 kB, 512 bytes, from bytes; MB = 10^6 bytes."""
    if size is None:
        return not_measured
    if abs(size) < 999.5:
        return f"{size:.0f} bytes"
    if abs(size) < 999_500:
        return f"{significant(size / 1e3)} kB"
    return f"{significant(size / 1e6, 4 if abs(size) >= 1e8 else 3)} MB"


def bytes_in_full(size: int | None) -> str:
    """For a tooltip: 243,860,896 bytes (232.6 MiB)."""
    return not_measured if size is None else f"{exact(size)} bytes ({significant(size / 2**20, 4)} MiB)"


def percent(share: float | None, digits: int = 1) -> str:
    """57.1 %, from a share of 1."""
    return not_measured if share is None else f"{_signed_zero_free(100 * share, digits)} %".replace("-", MINUS)


def points(delta: float | None, error: float | None = None) -> str:
    """A difference of two accuracies (each 0 to 1) in points: −0.8 pt, +0.2 ± 0.3 pt, 0.0 pt."""
    if delta is None:
        return not_measured
    text = _signed_zero_free(100 * delta, 1, sign="+").replace("-", MINUS)
    return f"{text} pt" if error is None else f"{text} ± {100 * error:.1f} pt"


def _signed_zero_free(value: float, digits: int, sign: str = "") -> str:
    """Fixed decimals, without a sign on what rounds to nought."""
    if round(value, digits) == 0:
        return f"{0:.{digits}f}"
    return f"{value:{sign}.{digits}f}"


def times(ratio: float | None) -> str:
    """2.30 ×."""
    return not_measured if ratio is None else f"{significant(ratio)} ×"


def ratio_words(ratio: Ratio | None) -> str:
    """How many times faster, or `same` when the difference is inside the noise."""
    if ratio is None:
        return not_measured
    return "same" if ratio.verdict == "same" else times(ratio.ratio)


def interval(ratio: Ratio) -> str:
    """2.26 to 2.34, 95 % interval."""
    return f"{significant(ratio.low)} to {significant(ratio.high)}, {100 * ratio.level:g} % interval"


def duration(seconds: float | None) -> str:
    """Time left, rounded as an estimate deserves: a few seconds, about 20 s, about 2 min, about 1 h."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {10 * round(seconds / 10)} s"
    if seconds < 57.5 * 60:
        return f"about {max(round(seconds / 60), 1)} min"
    hours, minutes = divmod(5 * round(seconds / 300), 60)
    return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"


def took(seconds: float | None) -> str:
    """Time that was spent: 4.2 s, 41 s, 2 min 10 s, 1 h 5 min."""
    if seconds is None:
        return not_measured
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(at: str) -> str:
    """2026-01-02 03:04 UTC, from ISO 8601; a text that is no time stays as it is."""
    try:
        return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return at


def device(name: str, model: str = "") -> str:
    """What a device is called in a sentence: its model, else “this computer” for `cpu`, else its name."""
    return model or ("this computer" if name == "cpu" else name)


def shape(dims: Sequence[int] | None, *, batch: bool = False) -> str:
    """96×55×55; with `batch` the first size too. None is not known."""
    if dims is None:
        return "not known"
    shown = dims if batch or len(dims) < 2 else dims[1:]
    return "×".join(str(size) for size in shown)


def marked(text: str, state: State) -> str:
    """A figure's words with the mark of its state: ≈ 17.6 ms when predicted, 17.9 ms ↧ when imported."""
    if state == "predicted":
        return f"≈ {text}"
    return f"{text} ↧" if state == "imported" else text


def inputs(shapes: Mapping[str, Sequence[int]]) -> str:
    """1×1×28×28 of an only input; data 1×3×224×224, info 1×3 of several."""
    if len(shapes) == 1:
        return shape(next(iter(shapes.values())), batch=True)
    return ", ".join(f"{name} {shape(sizes, batch=True)}" for name, sizes in shapes.items())


def listed(parts: Iterable[str]) -> str:
    """a, b and c."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def plural(count: int, one: str, many: str = "") -> str:
    """1 layer, 3 layers."""
    return f"{exact(count)} {one if count == 1 else many or one + 's'}"


def without_zeros(text: str) -> str:
    """A figure for the middle of a sentence: 6.00 mJ is 6 mJ, 3.10 ms is 3.1 ms."""
    return re.sub(r"(\.\d*?)0+(?= )", r"\1", text).replace(". ", " ")


def shortened(text: str, limit: int = 24) -> str:
    """At most `limit` signs, cut in the middle."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"
