"""An axis whose places are logarithms: doublings for batch sizes, tens for times and rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count

from app.ui import theme
from app.ui.plots.base import MOST_TICKS, QuietAxis, round_step

NARROW = 5.0  # times: over a shorter span than this, ticks stand at even steps
ROUND = (1.0, 2.0, 5.0)


class LogAxis(QuietAxis):
    """`base` 2 has ticks at powers of two; 10 at 1, 2, 5 of each ten, or wider apart where these are too many.

    What is plotted are the logarithms; `words` writes the value itself.
    """

    def __init__(self, side: str, base: int, words: Callable[[float], str]) -> None:
        self.base = base
        super().__init__(side, lambda place: words(base**place))

    def place(self, value: float) -> float:
        """Where a value stands on the axis. `value` is more than nought."""
        return math.log(value, self.base)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not maxVal > minVal:
            return []
        most = max(3, min(MOST_TICKS, int(size / theme.px(56 if self.orientation == "bottom" else 34))))
        low, high = self.base**minVal, self.base**maxVal
        ticks = doublings(low, high, most) if self.base == 2 else rounds(low, high, most)
        return [(1.0, [self.place(tick) for tick in ticks])]


def doublings(low: float, high: float, most: int) -> list[float]:
    """Powers of two from `low` to `high`, every second, third, … where there would be more than `most`."""
    first, last = math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9)
    step = next(step for step in count(1) if (last - first) // step + 1 <= most)
    return [2.0**power for power in range(first, last + 1, step)]


def rounds(low: float, high: float, most: int) -> list[float]:
    """Round values from `low` to `high`, at most `most`: even steps over a short span, else 1, 2, 5, 10 … or tens."""
    if high / low < NARROW:
        step = next(step for step in _steps(high - low, most) if len(_even(low, high, step)) <= most)
        return _even(low, high, step)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for each in (ROUND, (1.0, 3.0), (1.0,)):
        ticks = _within([digit * 10.0**power for power in powers for digit in each], low, high)
        if len(ticks) <= most:
            return ticks
    tens = _within([10.0**power for power in powers], low, high)
    return tens[:: math.ceil(len(tens) / most)]


def _steps(span: float, most: int):
    step = round_step(span / most)
    while True:
        yield step
        step = round_step(step * 1.5)


def _even(low: float, high: float, step: float) -> list[float]:
    return [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _within(values: Sequence[float], low: float, high: float) -> list[float]:
    return [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
