"""An external power meter beside a board: its recording laid over a profile, as the power trace of that profile.

It is the only way to measure a board that has no meter of its own, such as a Jetson TK1. The two clocks are brought
together by the marker, three bursts of load that the agent made before it read idle power, or by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, sqrt
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray

from devices.power.recording import Readings, read_csv
from profiler.errors import BadInput
from profiler.measurement import BoardTrace, Profile
from profiler.power import PowerTrace

__all__ = ["Alignment", "Readings", "align", "clock_offset", "metered", "read_csv"]

Array = NDArray[np.float64]

FINEST = 0.02  # seconds of the grid on which the marker is looked for, at least
MARGIN = 0.8  # seconds of quiet around the marker that belong to its pattern
SURE = 0.75  # correlation of the marker's pattern with the recording, at least
ALONE = 0.1  # by how much any other place must fit worse
MOST_POINTS = 2_000_000
QUIET = (-6.0, -0.5)  # seconds before a profile that count as idle where it has no idle windows of its own
SLOWEST = 0.7  # of the shortest burst: a meter that is slower does not see the bursts apart


@dataclass(frozen=True)
class Alignment:
    """What to add to the recording's seconds to get the profile's, its standard error, and what was found, in words."""

    offset_s: float
    error_s: float
    found: str


def align(readings: Readings, profile: Profile) -> Alignment:
    """By the marker. Raises BadInput where the profile has none, or the recording does not show it in one place."""
    bursts = _board(profile).marker
    if not bursts:
        raise BadInput(
            "This profile was taken without a marker.", "", "Profile again with the marker, or give the offset by hand."
        )
    if readings.spacing > SLOWEST * min(stop - start for start, stop in bursts):
        raise BadInput(
            f"“{readings.name}” has a sample every {readings.spacing:.2g} s, too few to see the marker.",
            "",
            "Set the meter to a faster rate, or give the offset by hand.",
        )
    coarse = _by_correlation(readings, bursts)
    return _by_edges(readings, bursts, coarse)


def _by_correlation(readings: Readings, bursts: Sequence[tuple[float, float]]) -> float:
    """The offset at which the bursts' pattern fits best: the peak of the normalised cross-correlation."""
    step = max(FINEST, min(readings.spacing, 0.1) / 2, readings.seconds[-1] / MOST_POINTS)
    grid = np.arange(0.0, readings.seconds[-1] + step, step)
    power = np.interp(grid, readings.seconds, readings.watts)
    first, last = bursts[0][0] - MARGIN, bursts[-1][1] + MARGIN
    moments = np.arange(first, last, step)
    pattern = np.zeros_like(moments)
    for start, stop in bursts:
        pattern[(moments >= start) & (moments < stop)] = 1.0
    if len(power) < len(pattern):
        raise BadInput(
            f"“{readings.name}” is {readings.seconds[-1]:.0f} s long, shorter than the marker.",
            "",
            "Record from before the profile begins until it has ended.",
        )
    fit = correlation(power, pattern)
    best = int(fit.argmax())
    elsewhere = np.delete(fit, np.s_[max(0, best - len(pattern) // 8) : best + len(pattern) // 8])
    rival = float(elsewhere.max()) if len(elsewhere) else -1.0
    if fit[best] < SURE or fit[best] - rival < ALONE:
        raise BadInput(
            f"The marker’s three bursts of load are not seen in “{readings.name}”.",
            f"The best place fits with {fit[best]:.2f} of 1, the next with {rival:.2f}.",
            "Record the whole profile, from before it begins; let nothing else run; or give the offset by hand.",
        )
    return first - float(grid[best])


def correlation(signal: Array, pattern: Array) -> Array:
    """Pearson's correlation of the pattern with the signal at each place where it fits in whole, −1 to 1."""
    count = len(pattern)
    centred = pattern - pattern.mean()
    signal = signal - signal.mean()
    size = 1 << (len(signal) + count - 1).bit_length()
    spectrum = np.fft.rfft(signal, size) * np.conj(np.fft.rfft(centred, size))
    products = np.fft.irfft(spectrum, size)[: len(signal) - count + 1]
    sums = np.cumsum(np.concatenate([[0.0], signal]))
    squares = np.cumsum(np.concatenate([[0.0], signal**2]))
    local = squares[count:] - squares[:-count] - (sums[count:] - sums[:-count]) ** 2 / count
    scale = np.sqrt(np.maximum(local, 1e-12 * max(float(squares[-1]), 1e-300)) * float((centred**2).sum()))
    return products / scale


def _by_edges(readings: Readings, bursts: Sequence[tuple[float, float]], coarse: float) -> Alignment:
    """Refined by where the power crosses the middle between idle and burst, at each edge; their spread is the error."""
    seconds = np.asarray(readings.seconds) + coarse
    watts = np.asarray(readings.watts)
    busy = _median_within(seconds, watts, bursts)
    gaps = [(stop, start) for (_, stop), (start, _) in pairwise(bursts)]
    middle = (busy + _median_within(seconds, watts, gaps)) / 2
    reach = min(MARGIN, min(start - stop for stop, start in gaps) / 2)
    apart = [
        edge - crossing
        for edge, rising in ((edge, edge == burst[0]) for burst in bursts for edge in burst)
        if (crossing := _crossing(seconds, watts, middle, edge, rising, reach)) is not None
    ]
    if len(apart) < 2:
        floor = max(readings.spacing, FINEST) / 2
        return Alignment(coarse, floor, "The three bursts were found, but not their edges.")
    # Noise averages out over the edges; where in the meter's interval an edge falls may be the same for all of them.
    error = hypot(stdev(apart) / sqrt(len(apart)), readings.spacing / sqrt(12))
    offset = coarse + mean(apart)
    begins = bursts[0][0] - offset
    return Alignment(offset, error, f"The three bursts were found {begins:.1f} s into the recording, ± {error:.2g} s.")


def _median_within(seconds: Array, watts: Array, windows: Sequence[tuple[float, float]]) -> float:
    """The median power in the windows, without their edges."""
    inside = np.zeros(len(seconds), bool)
    for start, stop in windows:
        trim = 0.2 * (stop - start)
        inside |= (seconds >= start + trim) & (seconds <= stop - trim)
    return float(np.median(watts[inside])) if inside.any() else float(np.median(watts))


def _crossing(seconds: Array, watts: Array, level: float, near: float, rising: bool, reach: float) -> float | None:
    """The moment nearest to `near`, within `reach`, at which the power crosses `level` in that direction."""
    lower, upper = watts[:-1], watts[1:]
    crosses = (lower < level) & (upper >= level) if rising else (lower >= level) & (upper < level)
    places = np.flatnonzero(crosses)
    if not len(places):
        return None
    share = (level - lower[places]) / (upper[places] - lower[places])
    moments = seconds[places] + share * (seconds[places + 1] - seconds[places])
    nearest = float(moments[np.abs(moments - near).argmin()])
    return nearest if abs(nearest - near) <= reach else None


def clock_offset(readings: Readings, profile: Profile) -> float | None:
    """The offset by the two clocks' dates, as good as the clocks are; None where one of them told none."""
    board = profile.board
    if readings.epoch is None or board is None or board.epoch is None:
        return None
    return readings.epoch - board.epoch


def metered(readings: Readings, profile: Profile, offset_s: float) -> PowerTrace:
    """The recording as the profile's power trace. Raises BadInput where it does not cover the run, or no idling."""
    board = _board(profile)
    if board.inferences < 1:
        raise BadInput(
            "This profile does not say how many inferences its run had.", "", "Profile again, with the marker."
        )
    seconds = tuple(second + offset_s for second in readings.seconds)
    if seconds[0] > board.run_start or seconds[-1] < board.run_stop:
        raise BadInput(
            f"“{readings.name}” covers {seconds[0]:.1f} to {seconds[-1]:.1f} s of the profile, but the run was from "
            f"{board.run_start:.1f} to {board.run_stop:.1f} s.",
            "",
            "Check the offset, or take the recording of this run.",
        )
    windows = board.idle or (QUIET,)
    idle = [power for window in windows if (power := _mean_watts(seconds, readings.watts, window)) is not None]
    if not idle:
        raise BadInput(
            f"“{readings.name}” has no samples while the board idled.",
            "",
            "Begin the recording ten seconds before the profile, or profile with the marker.",
        )
    return PowerTrace(
        source="external meter",
        rail=" × ".join(readings.columns[1:]),
        seconds=seconds,
        watts=readings.watts,
        idle_watts=idle[0],
        run_start=board.run_start,
        run_stop=board.run_stop,
        inferences=board.inferences,
        idle_after_watts=idle[-1] if len(idle) > 1 else None,
        imported=readings.name,
    )


def _board(profile: Profile) -> BoardTrace:
    if profile.board is None:
        raise BadInput(
            "This profile does not say when its run was.", "", "Profile again: it is written down since this version."
        )
    return profile.board


def _mean_watts(seconds: Sequence[float], watts: Sequence[float], window: tuple[float, float]) -> float | None:
    """The mean of the samples in the window; None without one."""
    inside = [power for second, power in zip(seconds, watts, strict=True) if window[0] <= second <= window[1]]
    return mean(inside) if inside else None
