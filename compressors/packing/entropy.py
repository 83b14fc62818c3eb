"""The limit that a code without memory has: Shannon's entropy of the symbols' frequencies.

A tensor's limit is that of the streams it is stored in: its values, and where it is sparse its counts and gaps.
Symbols are single bytes, each plane with its own frequencies, or whole words with the list of distinct words paid
for, whichever is less: bytes for trained floats, words for shared weights. Deflate can come in below where
sequences repeat, and stays above by what its own code tables cost.
"""

from __future__ import annotations

import numpy as np

from profiler.progress import Job, Progress

PART = 1 << 22  # words counted between two signs of progress
FEW = 4096  # distinct words up to which a list of them can pay


def entropy_bytes(words: np.ndarray) -> Job[float]:
    """The limit of one-dimensional words, in bytes."""
    by_bytes = 0.0
    for number in range(words.itemsize):
        counts = np.zeros(256, np.int64)
        for start in range(0, words.size, PART):
            plane = words[start : start + PART].view(np.uint8)[number :: words.itemsize]
            counts += np.bincount(plane, minlength=256)
            yield Progress((number + start / words.size) / words.itemsize, "Measuring the entropy of what is packed")
        by_bytes += _limit(counts)
    if words.itemsize == 1 or not _few_distinct(words):
        return by_bytes
    found = np.unique(words, return_counts=True)[1]
    return min(by_bytes, _limit(found) + found.size * words.itemsize)


def _few_distinct(words: np.ndarray) -> bool:
    """Seen on a sample, so that millions of distinct floats are not sorted."""
    sample = words[:: max(1, words.size // (4 * FEW))]
    return np.unique(sample).size <= FEW


def _limit(counts: np.ndarray) -> float:
    """Bytes for symbols that come so many times each: Σ n·log2(N/n) / 8."""
    there = counts[counts > 0].astype(np.float64)
    return float((there * np.log2(there.sum() / there)).sum()) / 8
