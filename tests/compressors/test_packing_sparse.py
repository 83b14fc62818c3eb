"""What version 0 is read with, and the limit of a code: hand-made cases, and that every bit comes back."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compressors.packing.entropy import entropy_bytes
from compressors.packing.sparse import Sparse, rows_of, to_words
from compressors.packing.streams import check_claim, inflated, inflated_bytes
from profiler.progress import drain

# The matrix of the lecture on sparse formats: three rows, the middle one empty.
#   0 0 7 0 5
#   0 0 0 0 0
#   9 0 0 0 1
MATRIX = np.array([0, 0, 7, 0, 5, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1], np.uint32)


def test_the_matrix_comes_back():
    made = Sparse(np.array([7, 5, 9, 1], np.uint32), np.array([2, 0, 2], np.uint8), np.array([2, 1, 0, 3], np.uint8))
    assert to_words(made, 15).tolist() == MATRIX.tolist()


def test_a_single_number_is_one_row():
    assert (rows_of(()), rows_of((4, 3, 2))) == (1, 4)


@pytest.mark.parametrize(
    ("counts", "gaps", "what"),
    [
        ([2, 0, 1], [2, 1, 0, 3], "add up"),  # one value too few
        ([2, 0, 3], [2, 1, 0, 3], "add up"),  # one too many
        ([2, 0, 2], [2, 2, 0, 3], "outside"),  # columns 2 and 5 of five
        ([2, 2], [2, 1, 0, 3], "do not fit"),  # fifteen words in two rows
    ],
)
def test_parts_that_do_not_fit_together(counts: list[int], gaps: list[int], what: str):
    made = Sparse(np.array([7, 5, 9, 1], np.uint32), np.array(counts, np.uint8), np.array(gaps, np.uint8))
    with pytest.raises(ValueError, match=what):
        to_words(made, 15)


def test_rows_beyond_one_block(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compressors.packing.sparse.BLOCK", 10)  # two rows of five at a time
    assert (
        to_words(
            Sparse(np.array([7, 5, 9, 1], np.uint32), np.array([2, 0, 2], np.uint8), np.array([2, 1, 0, 3], np.uint8)),
            15,
        ).tolist()
        == MATRIX.tolist()
    )


WORDS = st.sampled_from([np.uint8, np.uint16, np.uint32, np.uint64]).flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=st.one_of(st.just(0), st.integers(0, int(np.iinfo(dtype).max))),
        fill=st.just(0),
    )
)


@given(WORDS)
@settings(max_examples=60, deadline=None)
def test_any_words_come_back_from_a_stream(matrix: np.ndarray):
    words = matrix.reshape(-1)
    planes = deflate(words.view(np.uint8).reshape(words.size, words.itemsize).T.tobytes())
    back = np.empty_like(words)
    assert list(inflated(io.BytesIO(planes), len(planes), back))[-1] == words.nbytes
    assert back.tolist() == words.tolist()


def test_a_stream_is_plain_deflate_of_byte_planes():
    planes, words = deflate(b"\x01\x03\x02\x04"), np.zeros(2, np.uint16)
    list(inflated(io.BytesIO(planes), len(planes), words))
    assert words.tolist() == [0x0201, 0x0403]


def test_large_streams_go_piece_by_piece():
    data, back = deflate(bytes(12_000_000)), np.ones(3_000_000, np.uint32)
    assert len(list(inflated(io.BytesIO(data), len(data), back))) > 10
    assert not back.any()


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (deflate(b"abcd"), 3),  # holds more
        (deflate(b"abcd"), 5),  # holds less
        (deflate(b"abcd") + b"x", 4),  # something follows
        (deflate(bytes(range(256)))[:-4], 256),  # cut short
        (b"\xff\xff\xff", 4),  # no deflate
        (b"", 4),
    ],
)
def test_a_stream_that_is_not_what_it_says(data: bytes, length: int):
    with pytest.raises(ValueError, match="data"):
        inflated_bytes(io.BytesIO(data), len(data), length)


def test_a_bomb_is_stopped_at_its_claim():
    with pytest.raises(ValueError, match="more data"):
        inflated_bytes(io.BytesIO(bomb := deflate(bytes(10**8))), len(bomb), 1000)


def test_a_claim_that_no_deflate_can_keep():
    check_claim(1000, 1_032_000)
    with pytest.raises(ValueError, match="can’t hold"):
        check_claim(1000, 1_032_001)


def test_entropy_of_bytes_by_hand():
    # Two symbols, one in two each: one bit a byte. One symbol: nothing to say.
    assert drain(entropy_bytes(np.array([1, 2] * 8, np.uint8))) == pytest.approx(2.0)
    assert drain(entropy_bytes(np.full(1000, 7, np.uint8))) == 0.0


def test_entropy_takes_whole_words_where_they_repeat():
    # Four words of four bytes, each 4096 times: two bits a word, and 16 bytes to list them.
    words = np.array([0x01020304, 0x02030401, 0x03040102, 0x04010203] * 4096, np.uint32)
    assert drain(entropy_bytes(words)) == pytest.approx(4096 * 4 * 2 / 8 + 16)
