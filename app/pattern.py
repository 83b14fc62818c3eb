"""Where the weights of a layer are not zero: rows (outputs) by columns (inputs), each spot the share that is left.

A large layer is drawn in blocks: a spot then stands for some rows and columns, and its shade for what is left there.
"""

# pyright: reportUnknownMemberType=false
# numpy's reduceat is only partly typed.

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS, COLUMNS = 512, 768  # spots, at most
PART = 1 << 22  # weights looked at at once


@dataclass(frozen=True, eq=False)
class Pattern:
    """`shares` (uint8, 0 to 255 of a spot's weights that are not zero) over a matrix of `rows` by `columns`.

    `columns` are inputs × kernel for a convolution; `kernel` is how many columns make one input channel. The counts
    are exact: of rows and of input channels that are zero as a whole, and of weights that are not.
    """

    shares: np.ndarray
    rows: int
    columns: int
    kernel: int
    kept: int
    empty_rows: int
    empty_inputs: int

    @property
    def share(self) -> float:
        return self.kept / max(1, self.rows * self.columns)

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns that a spot stands for, at most."""
        high, wide = self.shares.shape
        return -(-self.rows // max(1, high)), -(-self.columns // max(1, wide))

    def spot(self, row: int, column: int) -> tuple[range, range]:
        """The rows and columns that a spot stands for."""
        high, wide = self.shares.shape
        return _span(row, high, self.rows), _span(column, wide, self.columns)

    def plain(self) -> dict[str, Any]:
        text = base64.b64encode(np.ascontiguousarray(self.shares).tobytes()).decode("ascii")
        return {
            "shares": text, "shape": list(self.shares.shape), "rows": self.rows, "columns": self.columns,
            "kernel": self.kernel, "kept": self.kept, "empty_rows": self.empty_rows, "empty_inputs": self.empty_inputs,
        }  # fmt: skip

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Pattern:
        shares = np.frombuffer(base64.b64decode(plain["shares"]), np.uint8).reshape(plain["shape"])
        numbers = {name: int(plain[name]) for name in ("rows", "columns", "kernel", "kept")}
        return cls(shares, **numbers, empty_rows=int(plain["empty_rows"]), empty_inputs=int(plain["empty_inputs"]))


def _span(place: int, spots: int, whole: int) -> range:
    return range(place * whole // spots, (place + 1) * whole // spots)


def pattern_of(weights: np.ndarray, above: float = 0.0) -> Pattern:
    """Weights of any shape, their first axis as rows, in parts. Those up to the magnitude `above` count as zero."""
    matrix = weights.reshape(weights.shape[0], -1) if weights.ndim > 1 else weights.reshape(1, -1)
    rows, columns = matrix.shape
    kernel = int(np.prod(weights.shape[2:])) if weights.ndim > 2 else 1
    high, wide = min(rows, ROWS), min(columns, COLUMNS)
    tops = np.array([span.start for span in (_span(n, high, rows) for n in range(high))] or [0])
    lefts = np.array([span.start for span in (_span(n, wide, columns) for n in range(wide))] or [0])
    left_in_row, left_in_column = np.zeros(rows, np.int64), np.zeros(columns, np.int64)
    counts = np.zeros((high, wide), np.int64)
    step = max(1, PART // max(1, columns))
    for start in range(0, rows, step):
        stays = np.abs(matrix[start : start + step]) > above
        left_in_row[start : start + step] = stays.sum(axis=1)
        left_in_column += stays.sum(axis=0)
        across = np.add.reduceat(stays, lefts, axis=1, dtype=np.int64)
        np.add.at(counts, np.searchsorted(tops, np.arange(start, start + len(stays)), side="right") - 1, across)
    area = np.outer(np.diff(np.append(tops, rows)), np.diff(np.append(lefts, columns)))
    by_input = left_in_column[: columns - columns % kernel].reshape(-1, kernel).sum(axis=1)
    return Pattern(
        shares=_shades(counts, area),
        rows=rows,
        columns=columns,
        kernel=kernel,
        kept=int(left_in_row.sum()),
        empty_rows=int((left_in_row == 0).sum()),
        empty_inputs=int((by_input == 0).sum()),
    )


def _shades(counts: np.ndarray, area: np.ndarray) -> np.ndarray:
    """0 only where nothing is left, 255 only where everything is."""
    shades = np.clip(np.round(255 * counts / np.maximum(area, 1)), 1, 254).astype(np.uint8)
    shades[counts == 0] = 0
    shades[counts == area] = 255
    return shades
