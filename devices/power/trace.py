"""From the samples and the report of the agent's monitor to the traces that are kept, with what was wrong, in words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any

from devices.power import host, ina3221, jtop, rapl, tegrastats
from devices.power.reading import Reading, number
from profiler.measurement import BoardTrace
from profiler.power import LEAST_SAMPLES, PowerTrace, Rail

Message = Mapping[str, Any]
Window = tuple[float, float]

READERS = {"jtop": jtop.reading, "tegrastats": tegrastats.reading, "ina3221": ina3221.reading}
TITLES = {"jtop": "jtop", "tegrastats": "tegrastats", "ina3221": "INA3221", "rapl": "RAPL"}
SERIES = ("cpu_load", "gpu_load", "memory_mb", "gpu_memory_mb", "temperature_c", "cpu_mhz", "gpu_mhz")
MOST_SILENT = 0.25  # of the run window: a longer time without a sample leaves too much to guess
FEW = 8  # samples in the run window, below which its energy is rough
COSTLY = 0.1  # of one core: monitoring that takes more may slow the network itself
FAULTS_SHOWN = 3


@dataclass(frozen=True)
class Sample:
    """What was read at one moment, in seconds from the monitor's start. `counters` are RAPL's."""

    seconds: float
    reading: Reading
    counters: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])


@dataclass(frozen=True)
class Watched:
    """All that the monitor makes of a run."""

    power: PowerTrace | None = None
    board: BoardTrace | None = None
    own_gpu_mb: float | None = None
    warnings: tuple[str, ...] = ()


def samples(messages: Iterable[Message]) -> list[Sample]:
    """Every sample of a conversation, in order. Raises ValueError, KeyError or TypeError on a malformed message."""
    found: list[Sample] = []
    for message in messages:
        if message["type"] == "sample":
            found += understood(message)
    return found


def understood(message: Message) -> list[Sample]:
    """The samples of one message; see `samples`."""
    source = str(message["source"])
    if source not in {*READERS, "rapl", ""}:
        raise ValueError(f"There is no source of power named {source!r}.")
    found: list[Sample] = []
    for told, raw, board in message["samples"]:
        seconds = number(told)
        if seconds is None:
            raise ValueError(f"{told!r} is no time.")
        found.append(_sample(source, seconds, raw, board))
    return found


def _sample(source: str, seconds: float, raw: Any, board: Any) -> Sample:
    """A reading of the source laid over what any Linux tells: a board's own tools know better what it does."""
    around = host.reading(board) if board else Reading()
    try:
        counters, faults = rapl.counted(raw) if source == "rapl" else ({}, [])
        own = READERS[source](raw) if source in READERS else Reading()
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        own, counters, faults = Reading(), {}, [f"a sample that cannot be read ({problem})"]
    merged = Reading(
        own.watts,
        own.total,
        {**around.board, **own.board},
        own.own_gpu_mb,
        (*around.faults, *own.faults, *faults),
    )
    return Sample(seconds, merged, counters)


def watched(messages: Iterable[Message], report: Mapping[str, Any] | None, title: str) -> Watched:
    """The traces of one run. Without a report (the line was cut) there are no windows, and so no energy."""
    heard = samples(messages)
    ordered = [
        sample for before, sample in pairwise([Sample(-1.0, Reading()), *heard]) if sample.seconds > before.seconds
    ]
    faults = list(chain.from_iterable(sample.reading.faults for sample in heard))
    faults += ["a time that runs backwards"] * (len(heard) - len(ordered))
    told = report or {}
    power, why = _power(ordered, told, title) if told.get("source") else (None, [])
    return Watched(
        power,
        _board(ordered, told),
        _own_gpu(ordered, told),
        (*_reported(told, title), *why, *_faulty(faults, title)),
    )


def _reported(report: Mapping[str, Any], title: str) -> list[str]:
    """What the agent says went wrong with its sources."""
    found = [f"{title}’s power could not be read from {name}: {why}." for name, why in report.get("problems", [])]
    if report.get("unreadable") and not report.get("source"):
        found.append(f"{title} has an energy meter, but only root may read it ({report['unreadable'][0]}).")
    if report.get("throttled"):
        found.append(
            f"{title} was slowed down during the run by {report['throttled']}. "
            "Let it cool, check its fan and its supply, then measure again."
        )
    return [line.replace("..", ".") for line in found]


def _faulty(faults: Sequence[str], title: str) -> list[str]:
    if not faults:
        return []
    named = [
        f"{what} ({times} times)" if times > 1 else what for what, times in Counter(faults).most_common(FAULTS_SHOWN)
    ]
    more = ", and more" if len(set(faults)) > FAULTS_SHOWN else ""
    return [f"{title} told values that cannot be, which were left out: {'; '.join(named)}{more}."]


def windows(report: Mapping[str, Any], key: str) -> tuple[Window, ...]:
    """The windows of that name."""
    return tuple((float(window[0]), float(window[1])) for window in report.get(key, []))


def _power(found: Sequence[Sample], report: Mapping[str, Any], title: str) -> tuple[PowerTrace | None, list[str]]:
    """The trace of the rail that counts, with the others beside it; or why there is none."""
    rail, seconds, watts, rails = _rapl(found) if report["source"] == "rapl" else _total(found)
    source = TITLES[report["source"]]
    if rail is None:
        names = ", ".join(sorted({name for sample in found for name in sample.reading.watts}))
        if not names:
            return None, [f"{source} was read on {title}, but told no power."]
        return None, [
            f"{title} tells the power of {names}, but of none that is the whole board’s. Rails are not summed."
        ]
    line = tuple(zip(seconds, watts, strict=True))
    idle = [_mean(line, window) for window in windows(report, "idle")]
    before, after = (*idle, None, None)[:2]
    if before is None and after is None:
        return None, [f"{source} told too little while {title} idled: energy is not measured."]
    runs = report.get("runs", [])
    if not runs:
        return None, [f"The run on {title} had no window for its energy."]
    start, stop, inferences = runs[-1]
    first, second = (before, after) if before is not None else (after, None)
    assert first is not None
    silence = _longest_silence(seconds, float(start), float(stop), counted=report["source"] == "rapl")
    if silence > MOST_SILENT * (stop - start):
        return None, [f"{source} said nothing for {silence:.1f} s of the run on {title}: energy is not measured."]
    trace = PowerTrace(
        source=source,
        rail=rail,
        seconds=seconds,
        watts=watts,
        idle_watts=first,
        run_start=float(start),
        run_stop=float(stop),
        inferences=int(inferences),
        idle_after_watts=second,
        rails=rails,
        monitor_cpu=_cost(report),
    )
    return trace, _doubts(trace, title)


def _longest_silence(seconds: Sequence[float], start: float, stop: float, *, counted: bool) -> float:
    """The longest time in the window of which nothing is known. A counter knows all that is between two readings.

    Of fewer than two samples nothing is said here: that is told in other words.
    """
    if len({second for second in seconds if start <= second <= stop}) < LEAST_SAMPLES:
        return 0.0
    if counted:
        return max(0.0, seconds[0] - start, stop - seconds[-1])
    within = [start, *(second for second in seconds if start < second < stop), stop]
    return max(b - a for a, b in pairwise(within))


def _doubts(trace: PowerTrace, title: str) -> list[str]:
    found: list[str] = []
    if trace.samples < LEAST_SAMPLES:
        found.append(
            f"Only {trace.samples} {'sample' if trace.samples == 1 else 'samples'} of {trace.source} fell into the "
            "run: energy is not measured. Run longer."
        )
    elif trace.samples < FEW:
        found.append(
            f"Only {trace.samples} samples of {trace.source} fell into the run: its energy is rough. Run longer."
        )
    if trace.monitor_cpu is not None and trace.monitor_cpu > COSTLY:
        share = f"{100 * trace.monitor_cpu:.0f} %"
        found.append(f"Reading {trace.source} took {share} of one core of {title}, which may slow the network.")
    return found


def _total(found: Sequence[Sample]) -> tuple[str | None, tuple[float, ...], tuple[float, ...], tuple[Rail, ...]]:
    """The whole board's rail over time, and the others at the same moments."""
    told = [sample for sample in found if sample.reading.total is not None]
    names = Counter(sample.reading.total for sample in told)
    rail = names.most_common(1)[0][0] if names else None
    if rail is None:
        return None, (), (), ()
    kept = [sample for sample in told if sample.reading.total == rail]
    others = dict.fromkeys(name for sample in kept for name in sample.reading.watts if name != rail)
    return (
        rail,
        tuple(sample.seconds for sample in kept),
        tuple(sample.reading.watts[rail] for sample in kept),
        tuple(Rail(name, tuple(sample.reading.watts.get(name) for sample in kept)) for name in others),
    )


def _rapl(found: Sequence[Sample]) -> tuple[str | None, tuple[float, ...], tuple[float, ...], tuple[Rail, ...]]:
    """All packages together: they are apart from one another, unlike rails."""
    packages = list(found[0].counters) if found else []
    kept = [sample for sample in found if packages and set(sample.counters) == set(packages)]
    if not kept:
        return None, (), (), ()
    ranges = [kept[0].counters[package][1] for package in packages]
    raw = [(sample.seconds, [sample.counters[package][0] for package in packages]) for sample in kept]
    seconds, watts = rapl.steps(rapl.readings(raw, ranges))
    return " + ".join(packages), seconds, watts, ()


def _mean(line: Sequence[tuple[float, float]], window: Window) -> float | None:
    """Mean power by trapezoids between the first and the last sample in the window; None without two."""
    inside = [(seconds, watts) for seconds, watts in line if window[0] <= seconds <= window[1]]
    if len(inside) < LEAST_SAMPLES or inside[-1][0] <= inside[0][0]:
        return None
    joules = sum((t1 - t0) * (w0 + w1) / 2 for (t0, w0), (t1, w1) in pairwise(inside))
    return joules / (inside[-1][0] - inside[0][0])


def _cost(report: Mapping[str, Any]) -> float | None:
    """Share of one core that monitoring took: the agent's thread, and the program or service it read from."""
    parts = [number(report.get(key)) for key in ("cpu_s", "source_cpu_s", "seconds")]
    own, theirs, seconds = parts
    return None if own is None or theirs is None or not seconds else (own + theirs) / seconds


def _board(found: Sequence[Sample], report: Mapping[str, Any]) -> BoardTrace | None:
    """What the board did, and when; the run window is the whole trace where the report never came."""
    told = [sample for sample in found if sample.reading.board]
    if not told and not report.get("runs"):
        return None
    runs = report.get("runs") or [[told[0].seconds, told[-1].seconds, 0]]
    keys = [key for key in SERIES if any(key in sample.reading.board for sample in told)]
    return BoardTrace(
        seconds=tuple(sample.seconds for sample in told),
        series={key: tuple(sample.reading.board.get(key) for sample in told) for key in keys},
        run_start=float(runs[-1][0]),
        run_stop=float(runs[-1][1]),
        inferences=int(runs[-1][2]),
        idle=windows(report, "idle"),
        marker=windows(report, "marker"),
        epoch=number(report.get("epoch")),
    )


def _own_gpu(found: Sequence[Sample], report: Mapping[str, Any]) -> float | None:
    """The most GPU memory that the measured process was seen to hold, in 10^6 bytes."""
    seen = [sample.reading.own_gpu_mb for sample in found if sample.reading.own_gpu_mb is not None]
    kilobytes = number(report.get("gpu_memory_kb"))
    if kilobytes is not None and kilobytes >= 0:
        seen.append(kilobytes * 1024 / 1e6)
    return max(seen, default=None)
