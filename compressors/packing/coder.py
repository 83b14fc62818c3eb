"""An adaptive binary range coder whose probabilities are whole numbers: what it writes, any machine reads.

A bit is coded with a probability that both sides work out from the bits before it. `Slots` count: each holds a
probability of 22 bits and how many bits it has seen. Several slots' opinions are mixed in the logistic domain by
weights that learn (Mahoney, “Adaptive Weighing of Context Models for Lossless Data Compression”, 2005), all in
integers. docs/nbz.md has every constant.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false, reportReturnType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

import math

import numpy as np

from compressors.compiled import inlined

ONE = 1 << 16  # a probability of 1
LEAST = 16  # of 65536: what even a sure thing is kept from
NATS = 256  # logistic units: ln(p / (1 − p)) in 1/256
EDGE = 11 * NATS - 1  # the largest logit

LOW, HIGH, CODE, PLACE = 0, 1, 2, 3  # of a coder's state
NEW = 1 << 31  # a slot that has seen nothing: one half, no bits
WEIGHT_ONE = 1 << 16


def _squash() -> np.ndarray:
    """Logit −EDGE … EDGE → probability of 65536."""
    exact = (ONE / (1 + math.exp(-x / NATS)) for x in range(-EDGE, EDGE + 1))
    return np.array([min(max(math.floor(p + 0.5), LEAST), ONE - LEAST) for p in exact], np.int64)


def _stretch() -> np.ndarray:
    """Probability in 4096 steps, each by its middle → logit."""
    exact = (NATS * math.log((i + 0.5) / (4095.5 - i)) for i in range(4096))
    return np.array([math.floor(x + 0.5) for x in exact], np.int64)


def _rates() -> np.ndarray:
    """How far a slot moves towards the bit it sees, of 65536, by how many it has seen."""
    return np.array([(2 * ONE) // (2 * n + 3) for n in range(1024)], np.int64)


SQUASH, STRETCH, RATES = _squash(), _stretch(), _rates()


def new_slots(count: int, seen: int = 0) -> np.ndarray:
    """Slots that say one half, as if they had seen so many bits already: what follows moves them less."""
    return np.full(count, NEW + seen, np.uint32)


def new_weights(sets: int, inputs: int) -> np.ndarray:
    """Each input begins with the same weight; together they count a little more than one of them alone would."""
    return np.full((sets, inputs), WEIGHT_ONE * 3 // (2 * inputs) if inputs > 1 else WEIGHT_ONE, np.int64)


def new_encoder() -> np.ndarray:
    return np.array([0, 0xFFFFFFFF, 0, 0], np.int64)


def new_decoder(data: np.ndarray) -> np.ndarray:
    """Ready to read `data` (uint8) from its start; beyond its end there are zeros."""
    code = int.from_bytes(bytes(data[:4]).ljust(4, b"\0"), "big")
    return np.array([0, 0xFFFFFFFF, code, 4], np.int64)


def ended(state: np.ndarray) -> bytes:
    """The last bytes of an encoder: one at most, for the reader goes on with zeros."""
    return b"" if state[LOW] == 0 else bytes([(int(state[LOW]) >> 24) + 1])


@inlined
def code_bit(encode: bool, bit: int, p: int, state: np.ndarray, data: np.ndarray) -> int:
    """Write `bit`, or read one, of which 1 has the probability p / 65536. Returns it."""
    low, high = state[0], state[1]
    width = high - low
    middle = low + (width >> 16) * p + (((width & 0xFFFF) * p) >> 16)
    if not encode:
        bit = 1 if state[2] <= middle else 0
    if bit:
        high = middle
    else:
        low = middle + 1
    while (low ^ high) & 0xFF000000 == 0:
        place = state[3]
        if encode:
            data[place] = high >> 24
        else:
            state[2] = ((state[2] << 8) & 0xFFFFFFFF) | (np.int64(data[place]) if place < data.size else 0)
        state[3] = place + 1
        low = (low << 8) & 0xFFFFFFFF
        high = ((high << 8) & 0xFFFFFFFF) | 0xFF
    state[0], state[1] = low, high
    return bit


@inlined
def chance(slots: np.ndarray, at: int) -> int:
    """A slot's probability of 1, of 65536, kept from the ends."""
    return min(max(np.int64(slots[at]) >> 16, 16), 65520)


@inlined
def learn(slots: np.ndarray, at: int, bit: int, limit: int) -> None:
    """Move a slot towards the bit: by 1 / (n + 1.5) after n bits, and no less than at `limit` of them."""
    slot = np.int64(slots[at])
    n = slot & 1023
    p = slot >> 10
    p += (((bit << 22) - bit - p) * RATES[n]) >> 16
    slots[at] = (p << 10) | (n + 1 if n < limit else n)


@inlined
def code_with(
    encode: bool, bit: int, slots: np.ndarray, at: int, limit: int, state: np.ndarray, data: np.ndarray
) -> int:
    """Code a bit by one slot alone."""
    bit = code_bit(encode, bit, chance(slots, at), state, data)
    learn(slots, at, bit, limit)
    return bit


@inlined
def code_even(encode: bool, bit: int, state: np.ndarray, data: np.ndarray) -> int:
    """Code a bit that nothing is known of."""
    return code_bit(encode, bit, 32768, state, data)


@inlined
def code_mixed(
    encode: bool,
    bit: int,
    slots: np.ndarray,
    places: np.ndarray,
    limits: np.ndarray,
    weights: np.ndarray,
    chosen: int,
    rate: int,
    logits: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> int:
    """Code a bit by the slots at `places`, mixed by the weights of set `chosen`; all of them learn.

    `logits` is room for as many numbers as there are places; `rate` is how fast weights learn.
    """
    count = places.size
    total = 0
    for i in range(count):
        logits[i] = STRETCH[np.int64(slots[places[i]]) >> 20]
        total += weights[chosen, i] * logits[i]
    mixed = min(max(total >> 16, -2815), 2815)
    p = SQUASH[mixed + 2815]
    bit = code_bit(encode, bit, p, state, data)
    error = ((bit << 16) - p) * rate
    for i in range(count):
        weights[chosen, i] += (logits[i] * error + (1 << 19)) >> 20
        learn(slots, places[i], bit, limits[i])
    return bit
