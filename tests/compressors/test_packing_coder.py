"""The adaptive coder: what is written is read, near the entropy, in whole numbers that are the same everywhere."""

import math
import zlib
from decimal import Decimal, getcontext
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressors.packing import coder, text
from compressors.packing.choosing import chosen
from compressors.packing.codebooks import codebook_from, codebook_of, from_gaps, magnitudes_of, order_of, to_gaps
from compressors.packing.forms import PLACES, SEEN, VALUES, Form, Matrix, decode, encode, from_record, to_record
from compressors.packing.gaps import from_relative, from_rows, to_relative, to_rows
from compressors.packing.stream import Stream
from profiler.progress import drain

RNG = np.random.default_rng(11)


def run(part: Any) -> Any:
    while True:
        try:
            next(part)
        except StopIteration as end:
            return end.value


def there_and_back(form: Form, matrix: Matrix) -> tuple[np.ndarray, int]:
    """The words again, and the bytes they took."""
    stream, raw = Stream(), bytearray()
    sizes = run(encode(form, matrix, stream, raw.extend))
    data, left = stream.finish(), bytearray(raw)
    assert len(data) + len(raw) == pytest.approx(sizes.total, abs=2)

    def read_raw(length: int) -> bytes:
        part = bytes(left[:length])
        del left[:length]
        return part

    kind = np.dtype(f"<u{matrix.words.itemsize}")
    back = run(decode(form, matrix.words.size, matrix.columns, matrix.order, kind, Stream(data), read_raw))
    return back, len(data) + len(raw)


def best(words: np.ndarray, columns: int, order: Any = "float") -> tuple[Form, Matrix]:
    return drain(chosen(words, columns, order, by_value=True))


# ----------------------------------------------------------------------------------- tables


def test_the_tables_hold_no_entry_that_rounding_could_change():
    """With 40 digits, every entry is what a float computes, and none lies near a half: every machine gets the same."""
    getcontext().prec = 40
    for x in range(-2815, 2816):
        exact = 65536 / (1 + (Decimal(-x) / 256).exp())
        assert abs(exact % 1 - Decimal("0.5")) > Decimal("1e-6")
        assert coder.SQUASH[x + 2815] == min(max(int(exact + Decimal("0.5")), 16), 65520)
    for i in range(4096):
        exact = 256 * ((Decimal(i) + Decimal("0.5")) / (Decimal("4095.5") - i)).ln()
        assert abs((exact + 1000000) % 1 - Decimal("0.5")) > Decimal("1e-6")
        assert coder.STRETCH[i] == math.floor(exact + Decimal("0.5"))
    crcs = [zlib.crc32(table.astype("<i4").tobytes()) for table in (coder.SQUASH, coder.STRETCH, coder.RATES)]
    assert crcs == [2747561522, 413670705, 1999340300]  # as docs/nbz.md says


def test_compiled_and_plain_python_write_the_same_bytes():
    """The same lines, run by Python’s own whole numbers."""
    code = """
import sys, numpy as np
from compressors.packing.stream import Stream
from compressors.packing import text
rng = np.random.default_rng(3)
mask = (rng.random(600) < 0.2).astype(np.uint16)
symbols = (rng.integers(0, 12, 600) * mask).astype(np.uint16)
stream = Stream()
for part in (stream.places(mask, 30, plain=False), stream.places(mask, 30, plain=True),
             stream.symbols(symbols, 30, 5, 11, 8), stream.symbols_plainly(symbols, 11, 0),
             stream.numbers(rng.integers(0, 1000, 50)), stream.gaps(rng.integers(0, 16, 50), 4),
             stream.plane(rng.integers(0, 200, (60, 2), dtype=np.uint8), 1, plain=False)):
    list(part)
print(stream.finish().hex(), text.coded(b"conv1.weight and more").hex())
"""
    import os
    import subprocess
    import sys

    made = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": switch}, capture_output=True, text=True, check=True,
        ).stdout
        for switch in ("0", "1")
    }  # fmt: skip
    assert len(made) == 1
    assert len(made.pop()) > 500
    assert numba.config.DISABLE_JIT == 0


# ------------------------------------------------------------------------------------ forms


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.03, 0.5, 1.0]),
    st.sampled_from(["float", "signed", "unsigned"]),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([1, 3, 40, 10**9]),
)
@settings(max_examples=80, deadline=None)
def test_any_matrix_comes_back_in_every_form(
    seed: int, rows: int, columns: int, kept: float, order: Any, size: int, distinct: int
):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 256, (min(distinct, rows * columns), size), np.uint8).view(f"<u{size}").reshape(-1)
    words = np.where(rng.random(rows * columns) < kept, rng.choice(kinds, rows * columns), 0).astype(f"<u{size}")
    form, matrix = best(words, columns, order)
    assert np.array_equal(there_and_back(form, matrix)[0], words)
    for places in PLACES[1:]:
        for plain in (False, True):
            other = Form(places, form.values, plain, plain, bits=3) if form.places != "dense" else form
            assert np.array_equal(there_and_back(other, matrix)[0], words)


def test_a_record_says_its_form():
    for places in PLACES:
        for values in VALUES:
            for seen in range(len(SEEN)):
                bits, raw = (5 if places == "relative" else 0), (9 if values == "planes" else 0)
                form = Form(places, values, True, False, seen, raw, bits)
                assert from_record(b"?" + to_record(form), 1) == (form, 1 + len(to_record(form)))


def test_random_places_take_their_entropy():
    words = (RNG.random(400_000) < 0.08).astype(np.uint32)
    entropy = 400_000 * (-0.08 * math.log2(0.08) - 0.92 * math.log2(0.92)) / 8
    form, matrix = best(words, 800)
    assert there_and_back(form, matrix)[1] == pytest.approx(entropy, rel=0.01)


def test_rows_and_columns_of_their_own_density_take_less():
    chance = RNG.random((500, 1)) ** 4 * RNG.random((1, 800)) ** 2
    words = (RNG.random((500, 800)) < chance).astype(np.uint32).reshape(-1)
    exact = float((-chance * np.log2(chance) - (1 - chance) * np.log2(1 - chance)).sum()) / 8  # were all chances known
    form, matrix = best(words, 800)
    assert form.places == "bitmap"
    assert there_and_back(form, matrix)[1] < 1.1 * exact


def test_large_values_where_many_are_take_less_than_their_entropy():
    scale = np.exp(RNG.normal(size=(300, 1))) * np.exp(RNG.normal(size=(1, 400)))
    words = np.minimum(RNG.exponential(size=(300, 400)) * scale, 30).astype(np.uint32).reshape(-1)
    form, matrix = best(words, 400, "unsigned")
    counts = np.unique(words, return_counts=True)[1]
    assert there_and_back(form, matrix)[1] < 0.85 * float((counts * np.log2(words.size / counts)).sum()) / 8


def test_gaps_by_hand():
    # 0 0 7 0 5 | 0 0 0 0 0 | 9 0 0 0 1
    symbols = np.array([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], np.uint16)
    counts, gaps = to_rows(symbols, 5)
    assert (counts.tolist(), gaps.tolist()) == ([2, 0, 2], [2, 1, 0, 3])
    assert to_relative(symbols, 3).tolist() == [2, 1, 5, 3]
    assert to_relative(symbols, 2).tolist() == [2, 1, 3, 2, 3, 0]  # 3 is a filler: three zeros and no value
    back = np.zeros(15, np.uint16)
    from_relative(np.array([2, 1, 3, 2, 3, 0]), 2, back)
    assert back.tolist() == symbols.tolist()
    with pytest.raises(ValueError, match="outside"):
        from_relative(np.array([6, 6]), 3, np.zeros(13, np.uint16))
    with pytest.raises(ValueError, match="outside its row"):
        from_rows(np.array([2]), np.array([2, 2]), np.zeros(5, np.uint16), 5)


# -------------------------------------------------------------------------------- codebooks


def test_a_codebook_rises_by_value():
    words = np.float32([1, -2, 0.5, -0.0, 0, -1e9, np.nan]).view(np.uint32)
    book = codebook_of(words, "float", with_zero=False)
    assert book is not None
    assert book.negatives == 3
    assert book.words.view(np.float32)[:5].tolist() == [-1e9, -2, -0.0, 0.5, 1]  # and NaN
    small = codebook_of(np.int8([5, -128, -1, 0]).view(np.uint8), "signed", with_zero=True)
    assert small is not None
    assert small.words.view(np.int8).tolist() == [-128, -1, 0, 5]
    found = magnitudes_of(small, "signed")
    assert found is not None
    assert (found.negative.tolist(), found.positive.tolist(), found.shift) == ([1, 128], [0, 5], 0)


@pytest.mark.parametrize(
    ("order", "dtype"), [("float", "<u4"), ("signed", "<u1"), ("unsigned", "<u2"), ("float", "<u8")]
)
def test_any_codebook_comes_back(order: Any, dtype: str):
    size = np.dtype(dtype).itemsize
    words = RNG.integers(0, 256, (200, size), np.uint8).view(dtype).reshape(-1) & np.array(-16, f"<i{size}").view(dtype)
    book = codebook_of(words, order, with_zero=True)
    assert book is not None
    found = magnitudes_of(book, order)
    if found is None:  # words of eight bytes may be too large
        assert dtype == "<u8"
        return
    assert found.shift >= 4
    back = codebook_from(found, order, np.dtype(dtype))
    assert (back.words.tolist(), back.negatives) == (book.words.tolist(), book.negatives)
    assert from_gaps(to_gaps(found.positive)).tolist() == found.positive.tolist()


def test_more_words_than_a_codebook_holds():
    assert codebook_of(np.arange(1, 65535, dtype=np.uint32), "unsigned", with_zero=False) is not None
    assert codebook_of(np.arange(1, 65536, dtype=np.uint32), "unsigned", with_zero=False) is None
    assert [order_of(name) for name in ("FLOAT", "INT8", "UINT4", "BOOL", "BFLOAT16")] == [
        "float", "signed", "unsigned", "unsigned", "float"
    ]  # fmt: skip


# ------------------------------------------------------------------------------------- text


@given(st.binary(max_size=300))
@settings(max_examples=30, deadline=None)
def test_any_text_comes_back(data: bytes):
    assert text.decoded(text.coded(data), len(data)) == data


def test_a_text_that_few_bytes_cannot_be():
    zeros = bytes(100_000)
    made = text.coded(zeros)
    assert text.decoded(made, len(zeros)) == zeros
    with pytest.raises(ValueError, match="can’t hold"):
        text.decoded(b"12345", 5 * 4096 + 1)
