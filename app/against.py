"""Two candidates set against each other: digits gained and lost, points with their error, ratios with their noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from app import words
from app.facts import Evaluated
from app.study import Study
from profiler.measurement import Comparison, Profile, Ratio, Verdict


@dataclass(frozen=True)
class Changed:
    """Images that only one of two networks gets right: `gained` by the second, `lost` by it."""

    gained: int
    lost: int


def changed(before: bytes, after: bytes, samples: int) -> Changed:
    """Compare two bitmaps as `np.packbits` writes them, one bit an image. Raises ValueError when they are too short."""
    if min(len(before), len(after)) * 8 < samples:
        raise ValueError(f"{samples} images need {-(-samples // 8)} bytes.")
    a, b = (np.unpackbits(np.frombuffer(bits, np.uint8), count=samples).astype(bool) for bits in (before, after))
    return Changed(gained=int(np.count_nonzero(b & ~a)), lost=int(np.count_nonzero(a & ~b)))


def paired_error(moved: Changed, samples: int) -> float:
    """Standard error of a difference of two accuracies on the same images, from the discordant pairs (McNemar 1947):
    sqrt(b + c − (b − c)²/n) / n. With no pair at all that would be certainty, so the error of one pair is given."""
    discordant, net = max(moved.gained + moved.lost, 1), moved.gained - moved.lost
    return sqrt(discordant - net**2 / samples) / samples


def unpaired_error(before: float, after: float, samples: int) -> float:
    """Standard error of the difference when which images changed is not known: of two independent proportions."""
    return sqrt((before * (1 - before) + after * (1 - after)) / samples)


@dataclass(frozen=True)
class AccuracyChange:
    """`delta` and its standard error, both as shares of 1. `moved` None: the images were not kept one by one."""

    delta: float
    error: float
    samples: int
    moved: Changed | None

    @property
    def words(self) -> str:
        return words.points(self.delta, self.error)

    @property
    def moved_words(self) -> str:
        """3 gained, 5 lost of 2,000 images"""
        if self.moved is None:
            return words.plural(self.samples, "image")
        of = words.plural(self.samples, "image")
        return f"{words.exact(self.moved.gained)} gained, {words.exact(self.moved.lost)} lost of {of}"


def accuracy_change(
    before: Evaluated | None, after: Evaluated | None, bits: tuple[bytes, bytes] | None = None
) -> AccuracyChange | None:
    """How the accuracy changed; None when one is not measured or they were measured on different images."""
    if before is None or after is None:
        return None
    if (before.data, before.split, before.samples) != (after.data, after.split, after.samples):
        return None
    delta, samples = after.accuracy - before.accuracy, after.samples
    if bits is None:
        return AccuracyChange(delta, unpaired_error(before.accuracy, after.accuracy, samples), samples, None)
    moved = changed(bits[0], bits[1], samples)
    return AccuracyChange(delta, paired_error(moved, samples), samples, moved)


@dataclass(frozen=True)
class Speed:
    """How many times faster the second of two is. `ratio` None: they were not timed in turn, so the medians of two
    separate runs are divided, and `same` says whether each median lies in the other's p5 to p95."""

    times: float
    verdict: Verdict
    ratio: Ratio | None

    @property
    def words(self) -> str:
        return "same" if self.verdict == "same" else words.times(self.times)

    @property
    def note(self) -> str:
        """2.26 to 2.34, 95 % interval, interleaved"""
        return "two separate runs" if self.ratio is None else f"{words.interval(self.ratio)}, interleaved"


def speed(study: Study, before: str, after: str, device: str) -> Speed | None:
    """How much faster `after` is than `before`: from an interleaved comparison if there is one, else two profiles."""
    ratio = interleaved(study, before, after, device)
    if ratio is not None:
        return Speed(ratio.ratio, ratio.verdict, ratio)
    a, b = (study.candidates[letter].profiles.get(device) for letter in (before, after))
    if a is None or b is None or not a.latencies_ms or not b.latencies_ms or a.settings != b.settings:
        return None
    return Speed(a.median_ms / b.median_ms, _apart(a, b), None)


def _apart(a: Profile, b: Profile) -> Verdict:
    if a.p5_ms <= b.median_ms <= a.p95_ms and b.p5_ms <= a.median_ms <= b.p95_ms:
        return "same"
    return "faster" if b.median_ms < a.median_ms else "slower"


def interleaved(study: Study, before: str, after: str, device: str) -> Ratio | None:
    """The newest interleaved ratio of these two on a device, `after` against `before`."""
    for fact in reversed(study.comparisons):
        if fact.device == device and {before, after} <= set(fact.letters):
            found = oriented(fact.comparison, _label(fact.letters, fact.comparison, before),
                             _label(fact.letters, fact.comparison, after))  # fmt: skip
            if found is not None:
                return replace(found, a=before, b=after)
    return None


def _label(letters: Sequence[str], comparison: Comparison, letter: str) -> str:
    return comparison.networks[letters.index(letter)]


def oriented(comparison: Comparison, a: str, b: str) -> Ratio | None:
    """The ratio of two networks in a comparison, turned round when it was taken the other way."""
    turned: dict[Verdict, Verdict] = {"faster": "slower", "slower": "faster", "same": "same"}
    for ratio in comparison.ratios:
        if (ratio.a, ratio.b) == (a, b):
            return ratio
        if (ratio.a, ratio.b) == (b, a):
            return Ratio(a, b, 1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low, ratio.level, turned[ratio.verdict])
    return None
