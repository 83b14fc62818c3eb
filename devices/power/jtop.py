"""jtop, the service of jetson-stats: its figures in, watts out.

Milliwatts, kilobytes of 1024 bytes, kilohertz, per cent and degrees, as its documentation of `jtop.jtop` says
(jetson-stats 4.3.2). Its total is the rail of the whole board, which it then leaves out of the rails; where the board
has no such rail (AGX Xavier) its total is its own sum of all of them, and is named so.
"""

from collections.abc import Mapping
from typing import Any

from devices.power.reading import Reading, Sieve, shown

WARM = ("cpu", "gpu")  # the sensors that count, by a part of their names


def reading(raw: Mapping[str, Any]) -> Reading:
    """From what the agent takes of `jtop.power`, `memory`, `cpu`, `gpu`, `temperature` and `processes`."""
    sieve = Sieve()
    watts = sieve.watts((name, values.get("power")) for name, values in raw.get("rail", {}).items())
    whole: Mapping[str, Any] = raw.get("tot", {})
    total: str | None = None
    if "power" in whole:
        name = whole.get("name") or f"jtop’s sum of {len(raw.get('rail', {}))} rails"
        counted = sieve.watts([(name, whole["power"])])
        watts |= counted
        total = next(iter(counted), None)
    return Reading(watts, total, _board(raw, sieve), _own_gpu(raw, sieve), tuple(sieve.faults))


def _board(raw: Mapping[str, Any], sieve: Sieve) -> dict[str, float]:
    board: dict[str, float] = {}
    said = [sieve.number("cpu_load", idle, 0.0, 100.0) for idle in raw.get("cpu_idle", []) if idle is not None]
    if idle := [share for share in said if share is not None]:
        board["cpu_load"] = 1 - sum(idle) / len(idle) / 100
    gpus: list[Mapping[str, Any]] = raw.get("gpu", [])
    for gpu in gpus[:1]:
        sieve.share(board, "gpu_load", gpu.get("load"), 0.01)
        sieve.clock(board, "gpu_mhz", [gpu.get("khz")], 1e-3)
    sieve.clock(board, "cpu_mhz", raw.get("cpu_khz", []), 1e-3)
    memory: Mapping[str, Any] = raw.get("ram", {})
    sieve.megabytes(board, "memory_mb", memory.get("used"))
    sieve.megabytes(board, "gpu_memory_mb", memory.get("shared"))
    sensors: Mapping[str, Any] = raw.get("temperature", {})
    warm = [(name, value) for name, value in sensors.items() if any(word in name.lower() for word in WARM)]
    sieve.hottest(board, [(shown(name), value) for name, value in warm if value != -256])  # -256: the sensor is off
    return board


def _own_gpu(raw: Mapping[str, Any], sieve: Sieve) -> float | None:
    """Megabytes of the GPU's memory that the measured processes hold."""
    processes: list[tuple[Any, Any]] = raw.get("processes", [])
    held = [sieve.number("GPU memory", kilobytes, 0.0, 1e9, 1024 / 1e6) for _, kilobytes in processes]
    sound = [megabytes for megabytes in held if megabytes is not None]
    return sum(sound) if sound else None
