"""In which form a tensor is stored: how its places are said, and how its values. Coding and decoding of each.

Places: `dense` (all are values), `bitmap` (a bit each), `csr` (values a row, and the zeros before each), `relative`
(Han's: the zeros before each in a few bits, with fillers where they do not suffice). Values: `planes` (the bytes of
each word), `codebook` (symbols of one list of words), `row codebooks` (of a list for each row).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from compressors.packing.codebooks import (
    MOST,
    Codebook,
    Magnitudes,
    Order,
    codebook_from,
    from_gaps,
    magnitudes_of,
    to_gaps,
)
from compressors.packing.gaps import from_relative, from_rows, to_relative, to_rows
from compressors.packing.stream import Steps, Stream

PlacesForm = Literal["dense", "bitmap", "csr", "relative"]
ValuesForm = Literal["planes", "codebook", "row codebooks"]
PLACES: tuple[PlacesForm, ...] = ("dense", "bitmap", "csr", "relative")
VALUES: tuple[ValuesForm, ...] = ("planes", "codebook", "row codebooks")
SEEN = (0, 8, 30, 200)
"""How many bits the symbols' slots pretend to have seen: where values are alike, learning costs more than it gives."""


@dataclass(frozen=True)
class Form:
    """`plain_places`, `plain_values`: fewer contexts. `seen`: an index of SEEN. `raw`: bit k: plane k is stored as it
    is. `bits`: of a relative gap."""

    places: PlacesForm
    values: ValuesForm
    plain_places: bool = False
    plain_values: bool = False
    seen: int = 0
    raw: int = 0
    bits: int = 0


@dataclass(frozen=True, eq=False)
class Matrix:
    """A tensor's words, row-major, as a matrix of its first axis by all others.

    `codebooks`: one, or one a row, or none; `symbols` are the words by them (uint16, 0 where no value is): with
    `planes`, 1 where one is.
    """

    words: np.ndarray
    columns: int
    order: Order
    symbols: np.ndarray
    codebooks: tuple[Codebook, ...] = ()


@dataclass
class Sizes:
    """Bytes that the parts of a tensor took: whole ones where they are raw, else with a coder's fractions."""

    codebook: float = 0.0
    index: float = 0.0
    values: float = 0.0

    @property
    def total(self) -> float:
        return self.codebook + self.index + self.values


T = TypeVar("T")
Part = Generator[float, None, T]


def encode(form: Form, matrix: Matrix, stream: Stream, write_raw: Callable[[bytes], object]) -> Part[Sizes]:
    """Code a tensor; raw planes go to `write_raw`. Yields how much is done."""
    start = stream.position()
    for codebook in matrix.codebooks:
        _code_codebook(stream, magnitudes_of(codebook, matrix.order))
    after_codebook = stream.position()
    if form.places != "dense":
        yield from _half(_encode_places(form, matrix, stream), 0.0)
    after_places = stream.position()
    raw = 0
    if form.values == "planes":
        raw = yield from _half(_encode_planes(form, matrix, stream, write_raw), 0.5)
    else:
        yield from _half(_code_symbols(form, matrix.symbols, matrix.columns, matrix.codebooks, stream), 0.5)
    return Sizes(after_codebook - start, after_places - after_codebook, stream.position() - after_places + raw)


def decode(
    form: Form, size: int, columns: int, order: Order, dtype: np.dtype[np.unsignedinteger], stream: Stream,
    read_raw: Callable[[int], bytes],
) -> Part[np.ndarray]:  # fmt: skip
    """The tensor's words. `read_raw` gives the next so many raw bytes. Raises ValueError when parts do not fit."""
    rows = size // columns if columns else 0
    count = {"planes": 0, "codebook": 1, "row codebooks": rows}[form.values]
    codebooks = tuple(_decode_codebook(stream, order, dtype) for _ in range(count))
    symbols = np.zeros(size, np.uint16)
    if form.places == "dense":
        symbols[:] = 1
    else:
        yield from _half(_decode_places(form, symbols, columns, stream), 0.0)
    if form.values == "planes":
        return (yield from _half(_decode_planes(form, symbols, dtype, stream, read_raw), 0.5))
    if symbols.any() and not all(codebook.words.size for codebook in codebooks):
        raise ValueError("it has values, and no codebook for them")
    yield from _half(_code_symbols(form, symbols, columns, codebooks, stream), 0.5)
    return _words_of(symbols, columns, codebooks, dtype)


def _half(part: Part[T], start: float) -> Part[T]:
    """A part's progress as one half of the whole."""
    while True:
        try:
            yield start + next(part) / 2
        except StopIteration as end:
            return end.value


# ------------------------------------------------------------------------------- codebooks


def _code_codebook(stream: Stream, found: Magnitudes | None) -> None:
    assert found is not None, "a codebook that can't be coded was chosen"
    stream.few(found.negative.size, found.positive.size, found.shift)
    for numbers in (found.negative, found.positive):
        for _ in stream.numbers(to_gaps(numbers)):
            pass


def _decode_codebook(stream: Stream, order: Order, dtype: np.dtype[np.unsignedinteger]) -> Codebook:
    below, above, shift = stream.few(0, 0, 0)
    if below + above > MOST or shift > 63:
        raise ValueError("its codebook is too large")
    lists: list[np.ndarray] = []
    for count in (below, above):
        numbers = np.zeros(count, np.int64)
        for _ in stream.numbers(numbers):
            pass
        lists.append(from_gaps(numbers))
    return codebook_from(Magnitudes(lists[0], lists[1], shift), order, dtype)


def _code_symbols(
    form: Form, symbols: np.ndarray, columns: int, codebooks: tuple[Codebook, ...], stream: Stream
) -> Part[None]:
    """Both ways."""
    seen, count = SEEN[form.seen], max((book.words.size for book in codebooks), default=0)
    if form.plain_values or len(codebooks) != 1:
        yield from stream.symbols_plainly(symbols, count, seen) if count > 1 else ()
    elif count > 1:
        yield from stream.symbols(symbols, columns, codebooks[0].negatives, count, seen)


def _words_of(
    symbols: np.ndarray, columns: int, codebooks: tuple[Codebook, ...], dtype: np.dtype[np.unsignedinteger]
) -> np.ndarray:
    if len(codebooks) == 1:
        return np.concatenate([np.zeros(1, dtype), codebooks[0].words])[symbols]
    words = np.zeros(symbols.size, dtype)
    for row, book in enumerate(codebooks):
        part = symbols[row * columns : (row + 1) * columns]
        if int(part.max(initial=0)) > book.words.size:
            raise ValueError("a row has a value that its codebook does not")
        words[row * columns : (row + 1) * columns] = np.concatenate([np.zeros(1, dtype), book.words])[part]
    return words


# ---------------------------------------------------------------------------------- places


def _encode_places(form: Form, matrix: Matrix, stream: Stream) -> Steps:
    if form.places == "bitmap":
        yield from stream.places(matrix.symbols, matrix.columns, plain=form.plain_places)
    elif form.places == "csr":
        counts, gaps = to_rows(matrix.symbols, matrix.columns)
        yield from stream.numbers(counts)
        yield from stream.numbers(gaps)
    else:
        gaps = to_relative(matrix.symbols, form.bits)
        stream.few(gaps.size)
        yield from stream.gaps(gaps, form.bits)


def _decode_places(form: Form, symbols: np.ndarray, columns: int, stream: Stream) -> Part[None]:
    if form.places == "bitmap":
        yield from stream.places(symbols, columns, plain=form.plain_places)
    elif form.places == "csr":
        counts = np.zeros(symbols.size // columns, np.int64)
        yield from stream.numbers(counts)
        if (counts < 0).any() or (counts > columns).any():
            raise ValueError("a row has more values than places")
        gaps = np.zeros(int(counts.sum()), np.int64)
        yield from stream.numbers(gaps)
        from_rows(counts, gaps, symbols, columns)
    else:
        (count,) = stream.few(0)
        if not 0 <= count <= symbols.size:
            raise ValueError("it has more gaps than places")
        gaps = np.zeros(count, np.int64)
        yield from stream.gaps(gaps, form.bits)
        from_relative(gaps, form.bits, symbols)


# ---------------------------------------------------------------------------------- planes


def _encode_planes(form: Form, matrix: Matrix, stream: Stream, write_raw: Callable[[bytes], object]) -> Part[int]:
    words = matrix.words if form.places == "dense" else matrix.words[matrix.symbols != 0]
    size, raw = words.itemsize, 0
    planes = (words if words.flags.writeable else words.copy()).view(np.uint8).reshape(words.size, size)
    for done, number in enumerate(reversed(range(size))):
        if form.raw >> number & 1:
            write_raw(planes[:, number].tobytes())
            raw += words.size
        else:
            for share in stream.plane(planes, number, plain=form.plain_values):
                yield (done + share) / size
    return raw


def _decode_planes(
    form: Form,
    symbols: np.ndarray,
    dtype: np.dtype[np.unsignedinteger],
    stream: Stream,
    read_raw: Callable[[int], bytes],
) -> Part[np.ndarray]:
    dense = form.places == "dense"
    count = symbols.size if dense else int(np.count_nonzero(symbols))
    words = np.zeros(count, dtype)
    size = dtype.itemsize
    planes = words.view(np.uint8).reshape(count, size)
    for done, number in enumerate(reversed(range(size))):
        if form.raw >> number & 1:
            planes[:, number] = np.frombuffer(read_raw(count), np.uint8)
        else:
            for share in stream.plane(planes, number, plain=form.plain_values):
                yield (done + share) / size
    if dense:
        return words
    whole = np.zeros(symbols.size, dtype)
    whole[symbols != 0] = words
    return whole


# ------------------------------------------------------------------------------ the record


def to_record(form: Form) -> bytes:
    """Two bytes, and one for raw planes or for a gap's bits where they are wanted."""
    first = PLACES.index(form.places) | VALUES.index(form.values) << 2
    second = int(form.plain_places) | int(form.plain_values) << 1 | form.seen << 2
    raw = bytes([form.raw]) if form.values == "planes" else b""
    bits = bytes([form.bits]) if form.places == "relative" else b""
    return bytes([first | second << 4]) + raw + bits


def from_record(data: bytes, at: int) -> tuple[Form, int]:
    """The form at a place in the table, and where it ends. Raises ValueError, or IndexError at the end of the data."""
    first = data[at]
    values = first >> 2 & 3
    if values == 3:
        raise ValueError("its values are in no known form")
    form = Form(PLACES[first & 3], VALUES[values], bool(first >> 4 & 1), bool(first >> 5 & 1), first >> 6 & 3)
    at += 1
    if form.values == "planes":
        form, at = replace(form, raw=data[at]), at + 1
    if form.places == "relative":
        form, at = replace(form, bits=data[at]), at + 1
        if not 1 <= form.bits <= 16:
            raise ValueError("its gaps have no known size")
    return form, at
