"""What one sample of a source says, and the checks that every number from a board passes before it counts."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# The rail that is the whole module's: VDD_IN on TX1, TX2, Xavier NX, Orin NX and Orin Nano, POM_5V_IN on the Nano
# (NVIDIA, Jetson Linux Developer Guide, "Software-Based Power Consumption Modeling"). The others lie behind it.
WHOLE_BOARD = ("VDD_IN", "POM_5V_IN")

MOST_WATTS = 1000.0  # more is no board's, but a broken reading
COLDEST, HOTTEST = -50.0, 150.0  # degrees Celsius; sensors that are off say -256
LONGEST_NAME = 64
SHOWN = 40  # characters of a wrong value that a warning quotes


@dataclass(frozen=True)
class Reading:
    """One sample: watts by rail, which rail is the whole board's, the board's figures, and what was wrong in it.

    Keys of `board` are those of `BoardTrace.series`. `own_gpu_mb` is the GPU memory of the measured process.
    """

    watts: Mapping[str, float] = field(default_factory=dict[str, float])
    total: str | None = None
    board: Mapping[str, float] = field(default_factory=dict[str, float])
    own_gpu_mb: float | None = None
    faults: tuple[str, ...] = ()


class Sieve:
    """Lets sound numbers through and keeps a note of the others: what comes from a board is never trusted."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def number(self, name: str, value: object, low: float, high: float, scale: float = 1.0) -> float | None:
        """`value` × `scale` where that is a number between `low` and `high`; None, with a note, where it is not."""
        found = number(value)
        if found is not None and low <= found * scale <= high:
            return found * scale
        self.faults.append(f"“{shown(value)}” for {shown(name)}")
        return None

    def watts(self, rails: Iterable[tuple[object, object]], scale: float = 1e-3) -> dict[str, float]:
        """Watts by rail from pairs of name and value; in milliwatts unless `scale` says otherwise."""
        found: dict[str, float] = {}
        for name, value in rails:
            if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
                self.faults.append(f"a rail named “{shown(name)}”")
                continue
            watts = self.number(name, value, 0.0, MOST_WATTS, scale)
            if watts is not None:
                found[name] = watts
        return found

    def keep(
        self, into: dict[str, float], key: str, value: object, low: float, high: float, scale: float = 1.0
    ) -> None:
        """Put a figure into `into` where it is sound; nothing, and no note, where the board does not tell it."""
        if value is None or value == "":
            return
        found = self.number(key, value, low, high, scale)
        if found is not None:
            into[key] = found

    def share(self, into: dict[str, float], key: str, value: object, scale: float) -> None:
        self.keep(into, key, value, 0.0, 1.0, scale)

    def megabytes(self, into: dict[str, float], key: str, kilobytes: object) -> None:
        """From units of 1024 bytes to 10^6 bytes."""
        self.keep(into, key, kilobytes, 0.0, 1e9, 1024 / 1e6)

    def hottest(self, into: dict[str, float], degrees: Iterable[tuple[str, object]], scale: float = 1.0) -> None:
        sound = [
            value
            for name, raw in degrees
            if raw not in (None, "") and (value := self.number(name, raw, COLDEST, HOTTEST, scale)) is not None
        ]
        if sound:
            into["temperature_c"] = max(sound)

    def clock(self, into: dict[str, float], key: str, values: Iterable[object], scale: float) -> None:
        """The mean of several clocks in MHz."""
        told = [value for value in values if value not in (None, "")]
        sound = [mhz for value in told if (mhz := self.number(key, value, 0.0, 20_000.0, scale)) is not None]
        if sound:
            into[key] = sum(sound) / len(sound)


def number(value: object) -> float | None:
    """A finite number from a number or a short text; None for anything else, truth values too."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > LONGEST_NAME:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def shown(value: object) -> str:
    """A wrong value as a warning quotes it."""
    text = str(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def whole_board(watts: Mapping[str, float]) -> str | None:
    """The rail that is the whole board's, where one is there. Rails are never summed: they feed one another."""
    return next((rail for rail in WHOLE_BOARD if rail in watts), None)
