"""INA3221, the power monitors on Jetson boards, as the kernel tells them. Texts in, watts out.

L4T's own driver (to R32) tells milliwatts, the kernel's hwmon driver (since R34) millivolts and milliamperes
(Linux: Documentation/hwmon/ina3221.rst).
"""

from collections.abc import Mapping
from typing import Any

from devices.power.reading import Reading, Sieve, number, whole_board


def reading(raw: Mapping[str, Any]) -> Reading:
    """From {rail: "milliwatts" or "millivolts milliamperes"}."""
    sieve = Sieve()
    watts = sieve.watts((rail, milliwatts(told)) for rail, told in raw.items())
    return Reading(watts, whole_board(watts), faults=tuple(sieve.faults))


def milliwatts(told: object) -> object:
    """The power in milliwatts, or what was told where that is not two sound numbers."""
    parts = told.split() if isinstance(told, str) else []
    if len(parts) != 2:
        return told
    millivolts, milliamperes = number(parts[0]), number(parts[1])
    if millivolts is None or milliamperes is None or min(millivolts, milliamperes) < 0:
        return told  # two negative numbers would look like power
    return millivolts * milliamperes / 1000
