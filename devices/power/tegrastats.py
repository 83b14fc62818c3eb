"""tegrastats, NVIDIA's own program: one of its lines in, watts out. Any field may be missing; a TK1 has no rails.

NVIDIA, Jetson Linux Developer Guide, "tegrastats Utility": rails as NAME now/average in milliwatts, RAM in units of
1024 × 1024 bytes, CPU as load@MHz for each core ("off" where it is), GR3D the GPU, NAME@C the temperatures. A TK1
(L4T R21) writes "cpu [25%,7%,1%,1%]@2218" and "GR3D 0%@252", and -1 for a clock that it does not know.
"""

import re

from devices.power.reading import Reading, Sieve, whole_board

RAIL = re.compile(r"(?<!\S)([A-Z][A-Z0-9_]*) (-?[\w.]+?)(?:mW)?/-?[\w.]+?(?:mW)?(?!\S)")
NO_RAIL = ("RAM", "SWAP", "IRAM")
RAM = re.compile(r"(?<!\S)RAM (\d+)/\d+MB")
CORES = re.compile(r"(?<!\S)cpu \[([^\]]*)\](?:@(-?\d+))?", re.IGNORECASE)
CORE = re.compile(r"(\d+)%(?:@(-?\d+))?$")
GPU = re.compile(r"(?<!\S)GR3D(?:_FREQ)? (\d+)%(?:@\[?(-?\d+))?")
HEAT = re.compile(r"(?<!\S)([A-Za-z]*[cCgG][pP][uU]\w*)@(-?[\w.]+?)C(?!\S)")
OFF = "-256"  # what a sensor says whose part is switched off


def reading(line: str) -> Reading:
    """One line. What it does not tell is left out; what cannot be is left out and named."""
    sieve = Sieve()
    watts = sieve.watts((name, now) for name, now in RAIL.findall(line) if name not in NO_RAIL)
    return Reading(watts, whole_board(watts), _board(line, sieve), faults=tuple(sieve.faults))


def _board(line: str, sieve: Sieve) -> dict[str, float]:
    board: dict[str, float] = {}
    if found := RAM.search(line):
        sieve.keep(board, "memory_mb", found[1], 0.0, 1e9, 1024 * 1024 / 1e6)
    if found := CORES.search(line):
        _cores(found[1], found[2], board, sieve)
    if found := GPU.search(line):
        sieve.share(board, "gpu_load", found[1], 0.01)
        sieve.clock(board, "gpu_mhz", [found[2]] if known(found[2]) else [], 1.0)
    sieve.hottest(board, [(name, degrees) for name, degrees in HEAT.findall(line) if degrees != OFF])
    return board


def _cores(cores: str, clock: str | None, board: dict[str, float], sieve: Sieve) -> None:
    """The mean load and clock of the cores that are on. A TK1 gives one clock for all, behind the brackets."""
    told = [found for core in cores.split(",") if (found := CORE.match(core.strip()))]
    loads = [load for core in told if (load := sieve.number("CPU", core[1], 0.0, 100.0)) is not None]
    if loads:
        board["cpu_load"] = sum(loads) / len(loads) / 100
    sieve.clock(board, "cpu_mhz", [each for each in (clock, *(core[2] for core in told)) if known(each)], 1.0)


def known(clock: str | None) -> bool:
    """-1 and 0 stand for a clock that is off or not told."""
    return clock is not None and not clock.startswith("-") and clock != "0"
