"""The strongest setting that loses little: bisection on the validation images, never on the test ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from profiler.network import Network

HALVINGS = 8
"""Trials after the first two: the answer is within 1/256 of the setting."""


def strongest(
    trial: Callable[[float], Job[Network]],
    network: Network,
    evaluate: Callable[[Network, str], Job[float]],
    may_lose: float,
) -> Job[float]:
    """The largest strength found, 0 to 1, at which `trial(strength)` loses at most `may_lose` of accuracy (0 to 1).

    Each strength returned was itself measured, except 0: nothing is changed and nothing lost. Accuracy need not fall
    evenly with strength, so a stronger one that would also do can be missed.
    """
    total = HALVINGS + 2
    baseline = yield from scaled(evaluate(network, "validation"), 0.0, 1 / total)
    low, high, tried = 0.0, 1.0, 1.0
    for number in range(1, total):
        yield Progress(number / total, f"Searching: {_words(baseline)} before, trying {tried:.1%} of the setting")
        candidate = yield from scaled(trial(tried), number / total, (number + 0.1) / total)
        accuracy = yield from scaled(evaluate(candidate, "validation"), (number + 0.1) / total, (number + 1) / total)
        if accuracy >= baseline - may_lose - 1e-9:  # a loss of exactly the limit is allowed, whatever its last bit
            if tried == 1.0:
                return tried
            low = tried
        else:
            high = tried
        tried = (low + high) / 2
    return low


def _words(accuracy: float) -> str:
    return f"{100 * accuracy:.1f} %"
