"""Which of the codebook's values each place has: its sign, then its magnitude's rank, bit by bit from the top.

A symbol is 1 to K: the place of its value in the rising codebook. The first `negatives` of them lie below zero.
Contexts are the ranks that row and column have had so far, and how full both are: where many values stay, they are
large. Ranks' bits below the eighth are coded by one slot each.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

import numpy as np

from compressors.compiled import compiled, inlined
from compressors.packing.coder import code_mixed, code_with

RATE = 6
SIGNS, MAGNITUDES = 4, 3  # inputs
LIMITS = (1023, 255, 255, 1023, 255, 255, 255)
"""Of the magnitude's inputs, then of the sign's."""
NODES = 256  # of the tree of a rank's first eight bits
# Where each context's slots begin: sign × node; eight classes of how full row and column are; 64 of the ranks that
# column and row have had; 27 of neighbours' signs; all signs; then a sign slot for each column and row.
FULL, CROSS, NEIGHBOURS = 2 * NODES, 10 * NODES, 74 * NODES
ALL_SIGNS, LINES = NEIGHBOURS + 27, NEIGHBOURS + 28


@inlined
def _class(value: int, usual: int) -> int:
    """0 to 7: how a magnitude compares with the usual one, in steps of about a quarter."""
    value, usual = 16 * value, max(usual, 1)
    found = 0
    for step in (6, 10, 13, 16, 20, 26, 38):
        found += value >= step * usual
    return found


@inlined
def _sign(symbol: int, negatives: int) -> int:
    """0: no value, 1: negative, 2: positive."""
    return 0 if symbol == 0 else 1 if symbol <= negatives else 2


@compiled
def code_symbols(
    encode: bool,
    symbols: np.ndarray,
    columns: int,
    start: int,
    stop: int,
    negatives: int,
    count: int,
    row_full: np.ndarray,
    column_full: np.ndarray,
    sums: np.ndarray,
    slots: np.ndarray,
    deep: np.ndarray,
    sign_weights: np.ndarray,
    weights: np.ndarray,
    limits: np.ndarray,
    work: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """Code the symbols at the places in `start … stop` that are not 0; reading, those places hold a 1.

    `row_full`, `column_full`: how many values each has. `sums`: Σ rank and number, of each column, then of each row,
    then of all. `work`: room for nine numbers; the last, the last value's sign, goes on from call to call.
    """
    places, logits, kept = work[:4], work[4:8], work[8:]
    rows = row_full.size
    positives = count - negatives
    depth = 0
    while max(negatives, positives) > 1 << depth:
        depth += 1
    total_full = 0
    for r in range(rows):
        total_full += row_full[r]
    last_sign = kept[0]
    usual_full = 16 * total_full * total_full // max(1, rows * columns)
    all_at = 2 * (columns + rows)
    for i in range(start, stop):
        if symbols[i] == 0:
            continue
        row, column = i // columns, i % columns
        symbol = np.int64(symbols[i])
        positive = symbol > negatives
        if negatives > 0 and positives > 0:
            west = _sign(np.int64(symbols[i - 1]), negatives) if column > 0 else 0
            north = _sign(np.int64(symbols[i - columns]), negatives) if row > 0 else 0
            places[0] = ALL_SIGNS
            places[1] = NEIGHBOURS + (west * 9 + north * 3 + last_sign)
            places[2] = LINES + column
            places[3] = LINES + columns + row
            bit = code_mixed(
                encode, int(positive), slots, places, limits[3:], sign_weights, 0, RATE, logits, state, data
            )
            positive = bit == 1
        elif not encode:
            positive = negatives == 0
        rank = (symbol - negatives - 1 if positive else negatives - symbol) if encode else 0
        usual = (sums[all_at] * 64 + 64) // (sums[all_at + 1] + 1)
        of_column, of_row = 2 * column, 2 * (columns + row)
        by_column = _class(64 * sums[of_column] + 2 * usual, usual * (sums[of_column + 1] + 2))
        by_row = _class(64 * sums[of_row] + 2 * usual, usual * (sums[of_row + 1] + 2))
        cross = by_column << 3 | by_row
        full = _class(row_full[row] * column_full[column] * 16, usual_full)
        node = 1
        for level in range(depth):
            bit = (rank >> (depth - 1 - level)) & 1
            if level < 8:
                places[0] = int(positive) * NODES + node
                places[1] = FULL + full * NODES + node
                places[2] = CROSS + cross * NODES + node
                bit = code_mixed(
                    encode, bit, slots, places[:3], limits[:3], weights, level, RATE, logits[:3], state, data
                )
            else:
                bit = code_with(encode, bit, deep, node, 1023, state, data)
            node = node << 1 | bit
        if not encode:
            rank = node - (1 << depth)
            symbol = negatives + 1 + rank if positive else negatives - rank
            symbols[i] = min(max(symbol, 1), count)
        sums[of_column] += rank
        sums[of_column + 1] += 1
        sums[of_row] += rank
        sums[of_row + 1] += 1
        sums[all_at] += rank
        sums[all_at + 1] += 1
        last_sign = 1 + int(positive)
    kept[0] = last_sign


@compiled
def code_symbols_plainly(
    encode: bool,
    symbols: np.ndarray,
    start: int,
    stop: int,
    depth: int,
    count: int,
    slots: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """The same by one tree of `depth` bits, each node a slot."""
    for i in range(start, stop):
        if symbols[i] == 0:
            continue
        symbol = np.int64(symbols[i]) - 1
        node = 1
        for level in range(depth):
            bit = code_with(encode, (symbol >> (depth - 1 - level)) & 1, slots, node, 1023, state, data)
            node = node << 1 | bit
        if not encode:
            symbols[i] = min(node - (1 << depth) + 1, count)
