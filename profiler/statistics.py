"""Is one network faster than another? A ratio of times from paired rounds, with an interval that says how sure.

Rounds are interleaved (A B A B …), so what slows the machine for a while slows both, and cancels in each round's ratio.
What is left is taken as spread evenly to both sides of the true log ratio; outliers may be wild.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from profiler.errors import BadInput
from profiler.measurement import Ratio, Verdict

LEAST_ROUNDS = 5
EXACT_UP_TO = 60  # rounds; above, the signed-rank distribution is as good as normal
FAR = 4.0
MOST_PAIRED = 1000  # rounds whose pairwise means are formed; longer runs are first summed up in blocks


def ratio(a_ms: Sequence[float], b_ms: Sequence[float], a: str, b: str, level: float = 0.95) -> Ratio:
    """How many times faster `b` is than `a`: the Hodges-Lehmann estimate of time a ÷ time b over the rounds.

    The interval is Wilcoxon's, from the signed ranks of the rounds' log ratios (Hollander, Wolfe and Chicken 2013,
    section 3.3), outliers drawn in first, and made wider where successive rounds resemble each other. With fewer than
    6 rounds 95 % cannot be reached: `level` is then what was. Raises BadInput for fewer than 5 rounds or times that are
    not positive.
    """
    logs = _drawn_in(_in_blocks(_log_ratios(a_ms, b_ms)))
    means = _walsh_averages(logs)
    rank, reached = _rank(len(logs), level)
    middle = float(np.median(means))
    wider = _widening(logs)
    low = middle - wider * (middle - float(means[rank - 1]))
    high = middle + wider * (float(means[-rank]) - middle)
    return Ratio(
        a=a,
        b=b,
        ratio=math.exp(middle),
        low=math.exp(low),
        high=math.exp(high),
        level=reached,
        verdict=_verdict(low, high),
    )


def _verdict(low: float, high: float) -> Verdict:
    if low > 0:
        return "faster"
    return "slower" if high < 0 else "same"


def _log_ratios(a_ms: Sequence[float], b_ms: Sequence[float]) -> np.ndarray:
    times = np.array([a_ms, b_ms], np.float64) if len(a_ms) == len(b_ms) else None
    if times is None or times.shape[1] < LEAST_ROUNDS:
        raise BadInput(
            f"A comparison needs at least {LEAST_ROUNDS} rounds in which both networks ran.",
            f"There are {len(a_ms)} and {len(b_ms)}.",
            "Run it with more rounds.",
        )
    if not (np.isfinite(times).all() and (times > 0).all()):
        raise BadInput("A comparison needs times that are above 0.")
    return np.log(times[0]) - np.log(times[1])


def _in_blocks(logs: np.ndarray) -> np.ndarray:
    """At most MOST_PAIRED values: medians of blocks of successive rounds."""
    if len(logs) <= MOST_PAIRED:
        return logs
    return np.array([np.median(block) for block in np.array_split(logs, MOST_PAIRED)])


def _drawn_in(logs: np.ndarray) -> np.ndarray:
    """Rounds in which one of the two was held up, brought to the edge of what the others show.

    Few rounds would otherwise give an interval as wide as their worst. The edge is FAR deviations from the median, a
    deviation being 1.4826 times the median distance from it: the standard deviation, where the spread is normal.
    """
    middle = np.median(logs)
    deviation = 1.4826 * np.median(np.abs(logs - middle))
    return np.clip(logs, middle - FAR * deviation, middle + FAR * deviation) if deviation > 0 else logs


def _walsh_averages(values: np.ndarray) -> np.ndarray:
    """The means of all pairs of values, each with itself too, ascending."""
    first, second = np.triu_indices(len(values))
    return np.sort((values[first] + values[second]) / 2)


def _rank(rounds: int, level: float) -> tuple[int, float]:
    """Which of the sorted pairwise means bounds the interval (from 1), and the level that gives."""
    if rounds > EXACT_UP_TO:
        spread = math.sqrt(rounds * (rounds + 1) * (2 * rounds + 1) / 24)
        middle = rounds * (rounds + 1) / 4
        return max(1, math.floor(middle - NormalDist().inv_cdf((1 + level) / 2) * spread)), level
    below = np.cumsum(_signed_rank_distribution(rounds))
    rank = max(1, int(np.searchsorted(below, (1 - level) / 2, side="right")))
    return rank, min(level, 1 - 2 * float(below[rank - 1]))


def _signed_rank_distribution(rounds: int) -> np.ndarray:
    """The chance of each sum of positive ranks 0 … n(n+1)/2, when each sign is a fair coin."""
    chance = np.zeros(rounds * (rounds + 1) // 2 + 1)
    chance[0] = 1.0
    for rank in range(1, rounds + 1):
        moved = np.zeros_like(chance)
        moved[rank:] = chance[:-rank]
        chance = (chance + moved) / 2
    return chance


def _widening(logs: np.ndarray) -> float:
    """1 for independent rounds; √((1 + r)/(1 − r)) where each resembles the one before by r (rank correlation)."""
    _, place, ties = np.unique(logs, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties + 1) / 2)[place]  # equal values share their mean rank
    ranks -= ranks.mean()
    spread = float((ranks**2).sum())
    likeness = float((ranks[:-1] * ranks[1:]).sum()) / spread if spread > 0 else 0.0
    likeness = min(max(likeness, 0.0), 0.9)
    return math.sqrt((1 + likeness) / (1 - likeness))
