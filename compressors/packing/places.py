"""Where the values of a sparse matrix are, one bit a place: by neighbours, column and row, mixed; or plainly.

Places go row by row. Plain coding has one slot for each of the four states of the west and north neighbours: it is
fast, and best where zeros follow no pattern.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

import numpy as np

from compressors.compiled import compiled
from compressors.packing.coder import STRETCH, code_mixed, code_with, learn

INPUTS, SETS, RATE = 4, 12, 6
LIMITS = (255, 127, 255, 255)
# Where each context's slots begin: 128 patterns of neighbours; 32 × 32 of column by row; 17 × 16 counts of ones to the
# west and to the north; 8 × 8 × 4 within a block; the row, all rows; then a slot a column.
CROSS, WINDOW, BLOCK, ROW, ALL, COLUMNS = 128, 1152, 1424, 1680, 1681, 1682


@compiled
def code_places(
    encode: bool,
    mask: np.ndarray,
    columns: int,
    start: int,
    stop: int,
    slots: np.ndarray,
    weights: np.ndarray,
    limits: np.ndarray,
    work: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """Code `mask[start:stop]`: 0 or not; reading makes it 0 or 1. `work`: room for ten numbers.

    The last two of `work` go on from call to call: the ones among the 16 places to the west, and the seven around the
    north.
    """
    places, logits, kept = work[:4], work[4:8], work[8:]
    west_ones, north_ones = kept[0], kept[1]
    row, column = start // columns, start % columns
    for i in range(start, stop):
        if column == 0:
            slots[ROW] = (slots[ALL] >> 10 << 10) | 2  # a row begins with what all have learnt, and learns fast
            west_ones = north_ones = 0
            if row > 0:
                for j in range(min(3, columns)):
                    north_ones += mask[i - columns + j] != 0
        north = north2 = corners = 0
        if row > 0:
            above = i - columns
            if column + 3 < columns:
                north_ones += mask[above + 3] != 0
            if column > 3:
                north_ones -= mask[above - 4] != 0
            north = int(mask[above] != 0)
            corners = int(column > 0 and mask[above - 1] != 0) | int(column < columns - 1 and mask[above + 1] != 0) << 1
            if row > 1:
                north2 = int(mask[above - columns] != 0)
        west = int(column > 0 and mask[i - 1] != 0)
        west2 = int(column > 1 and mask[i - 2] != 0)
        west3 = int(column > 2 and mask[i - 3] != 0)
        by_column = min(max((STRETCH[np.int64(slots[COLUMNS + column]) >> 20] + 1536) // 96, 0), 31)
        by_row = min(max((STRETCH[np.int64(slots[ROW]) >> 20] + 1536) // 96, 0), 31)
        places[0] = west | west2 << 1 | west3 << 2 | north << 3 | north2 << 4 | corners << 5
        places[1] = COLUMNS + column
        places[2] = CROSS + (by_column << 5 | by_row)
        places[3] = WINDOW + (west_ones << 4 | north_ones << 1 | north2)
        chosen = min(north + north2 + west + west2, 2) * 4 + min(row, 3)
        bit = int(encode and mask[i] != 0)
        bit = code_mixed(encode, bit, slots, places, limits, weights, chosen, RATE, logits, state, data)
        learn(slots, ROW, bit, 255)
        learn(slots, ALL, bit, 1023)
        if not encode:
            mask[i] = bit
        west_ones += bit
        if column >= 16:
            west_ones -= mask[i - 16] != 0
        column += 1
        if column == columns:
            row, column = row + 1, 0
    kept[0], kept[1] = west_ones, north_ones


@compiled
def code_places_plainly(
    encode: bool,
    mask: np.ndarray,
    columns: int,
    start: int,
    stop: int,
    slots: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """The same with four slots."""
    column = start % columns
    for i in range(start, stop):
        north = int(i >= columns and mask[i - columns] != 0)
        west = int(column > 0 and mask[i - 1] != 0)
        bit = code_with(encode, int(encode and mask[i] != 0), slots, north << 1 | west, 1023, state, data)
        if not encode:
            mask[i] = bit
        column = column + 1 if column + 1 < columns else 0
