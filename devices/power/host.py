"""What any Linux machine tells of itself beside its power: the texts of /proc and /sys in, figures out."""

from collections.abc import Mapping
from typing import Any

from devices.power.reading import Reading, Sieve, number


def reading(raw: Mapping[str, Any]) -> Reading:
    """From the agent's `Board.read`: kilobytes of /proc/meminfo, millidegrees, kHz, Hz, and the GPU's load in ‰."""
    sieve = Sieve()
    board: dict[str, float] = {}
    sieve.share(board, "cpu_load", raw.get("cpu_load"), 1.0)
    sieve.share(board, "gpu_load", raw.get("gpu_load"), 0.001)
    memory: Mapping[str, Any] = raw.get("memory", {})
    sieve.megabytes(board, "memory_mb", used_kilobytes(memory))
    sieve.megabytes(board, "gpu_memory_mb", memory.get("NvMapMemUsed"))
    sieve.hottest(board, [("temperature", degrees) for degrees in raw.get("temperature", [])], 1e-3)
    sieve.clock(board, "cpu_mhz", raw.get("cpu_khz", []), 1e-3)
    sieve.clock(board, "gpu_mhz", [raw.get("gpu_hz")], 1e-6)
    return Reading(board=board, faults=tuple(sieve.faults))


def used_kilobytes(memory: Mapping[str, Any]) -> float | None:
    """Memory in use. Kernels before 3.14 (TK1) tell nothing “available”: there, what is neither free nor cache."""
    amounts = {name: number(value) for name, value in memory.items()}
    total, available = amounts.get("MemTotal"), amounts.get("MemAvailable")
    if total is None:
        return None
    if available is not None:
        return total - available
    unused = [amounts.get(name) for name in ("MemFree", "Buffers", "Cached")]
    return total - sum(amount for amount in unused if amount is not None) if unused[0] is not None else None
