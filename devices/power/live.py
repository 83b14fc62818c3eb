"""The latest figures of a board, from its samples as they come: what the live strips show."""

from collections.abc import Mapping
from typing import Any

from devices.power import rapl
from devices.power.trace import Sample, understood


class Live:
    """One conversation's. RAPL counts joules, so its watts need the sample before."""

    def __init__(self) -> None:
        self._before: Sample | None = None

    def figures(self, message: Mapping[str, Any]) -> dict[str, float]:
        """Of a sample message's last sample: "power_w" (the whole board), "rail:NAME" (W) and `BoardTrace`'s keys.

        What is no sound value is left out. Raises ValueError, KeyError or TypeError on what is no sample message.
        """
        found = understood(message)
        if not found:
            return {}
        latest = found[-1]
        before = found[-2] if len(found) > 1 else self._before
        self._before = latest
        figures = dict(latest.reading.board)
        figures |= {f"rail:{name}": watts for name, watts in latest.reading.watts.items()}
        if latest.reading.total is not None:
            figures["power_w"] = latest.reading.watts[latest.reading.total]
        if latest.counters and before is not None and latest.seconds > before.seconds:
            packages = rapl.watts_between(before.counters, latest.counters, latest.seconds - before.seconds)
            figures |= {f"rail:{name}": watts for name, watts in packages.items()}
            figures["power_w"] = sum(packages.values())
        return figures
