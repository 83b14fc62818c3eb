"""The cheapest form of a tensor: each that could be is tried, on the tensor or on some rows of a large one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from compressors.packing.codebooks import Codebook, Order, codebook_of, magnitudes_of, symbols_of
from compressors.packing.forms import SEEN, Form, Matrix, Sizes, ValuesForm, encode
from compressors.packing.stream import Stream
from profiler.progress import Job, Progress

SAMPLE = 1 << 19  # words of a large tensor on which its form is chosen
LARGE = 1 << 20  # words above which a sample stands for the tensor
SLOW = 1 << 16  # words from which a form that takes longer must be smaller by so much:
GAIN = 0.01
ROW_MOST = 256  # values in the codebook of a row
NOISE = 0.99  # a plane that gets no smaller than this is stored raw


def chosen(words: np.ndarray, columns: int, order: Order, *, by_value: bool) -> Job[tuple[Form, Matrix]]:
    """The form, and the tensor as it wants it. A tensor without words is dense."""
    yield Progress(0.0)
    zeros = words.size - int(np.count_nonzero(words))
    best: tuple[float, Form, Matrix] | None = None
    for matrix, forms in _candidates(words, columns, order, zeros, by_value):
        sample = _sample(matrix)
        yield Progress(0.5)
        cost, form = yield from _cheapest(sample, forms, words.size >= SLOW)
        if best is None or cost < best[0]:
            best = cost, form, matrix
    assert best is not None
    return best[1], best[2]


def _candidates(
    words: np.ndarray, columns: int, order: Order, zeros: int, by_value: bool
) -> Iterable[tuple[Matrix, list[Form]]]:
    """Ways to read the tensor, each with the forms that suit it. Words that are no values have no zeros apart."""
    if by_value:
        yield from _sparse_candidates(words, columns, order, zeros)
    if not by_value or 0 < zeros < words.size * 3 // 4:
        whole = _codable(codebook_of(words, order, with_zero=True), order)
        if whole is not None and whole.words.size <= max(256, words.size // 4):
            matrix = Matrix(words, columns, order, symbols_of(words, whole, with_zero=True), (whole,))
            yield matrix, [Form("dense", "codebook")]
        yield Matrix(words, columns, order, np.ones(words.size, np.uint16)), [Form("dense", "planes")]


def _sparse_candidates(
    words: np.ndarray, columns: int, order: Order, zeros: int
) -> Iterable[tuple[Matrix, list[Form]]]:
    """With word 0 left out, where it is there."""
    book = _codable(codebook_of(words, order, with_zero=False), order)
    sparse: list[tuple[Matrix, ValuesForm]] = []
    if book is not None and book.words.size <= max(256, words.size // 4):
        sparse.append((Matrix(words, columns, order, symbols_of(words, book, with_zero=False), (book,)), "codebook"))
    if book is None or book.words.size > ROW_MOST:
        rows = _by_rows(words, columns, order)
        if rows is not None:
            sparse.append((rows, "row codebooks"))
    if book is None or book.words.size > 64 or words.size <= 4096:
        sparse.append((Matrix(words, columns, order, (words != 0).astype(np.uint16)), "planes"))
    for matrix, values in sparse:
        if zeros:
            yield matrix, _sparse_forms(values, words.size - zeros, words.size)
        else:
            yield matrix, [Form("dense", values)]


def _codable(book: Codebook | None, order: Order) -> Codebook | None:
    return book if book is not None and magnitudes_of(book, order) is not None else None


def _sparse_forms(values: ValuesForm, kept: int, total: int) -> list[Form]:
    """A relative gap of about the mean gap's bits, and one more and fewer."""
    bits = max(1, (total // max(1, kept)).bit_length())
    relative = [Form("relative", values, bits=b) for b in (bits, bits + 1, bits + 2) if b <= 12]
    return [Form("bitmap", values, plain_places=True), Form("bitmap", values), Form("csr", values), *relative]


def _by_rows(words: np.ndarray, columns: int, order: Order) -> Matrix | None:
    """With a codebook a row, where all are small and shorter together than a quarter of the values."""
    rows = words.reshape(-1, columns)
    if len(rows) < 2 or words.itemsize == 8:
        return None
    books: list[Codebook] = []
    symbols = np.zeros(rows.shape, np.uint16)
    total = 0
    for row, into in zip(rows, symbols, strict=True):
        distinct, places = np.unique(row[row != 0], return_inverse=True)
        total += distinct.size
        if distinct.size > ROW_MOST or total > words.size // 4:
            return None
        book = codebook_of(row, order, with_zero=False)
        assert book is not None
        rank = np.argsort(np.argsort(_keys(distinct, book)))
        into[row != 0] = rank[places] + 1
        books.append(book)
    return Matrix(words, columns, order, symbols.reshape(-1), tuple(books))


def _keys(distinct: np.ndarray, book: Codebook) -> np.ndarray:
    """Each word's place in the codebook."""
    order = np.argsort(book.words)
    return order[np.searchsorted(book.words[order], distinct)]


def _cheapest(matrix: Matrix, forms: list[Form], slow: bool) -> Job[tuple[float, Form]]:
    """First the places (with values that are tried once), then the values."""
    sizes: list[tuple[float, Form]] = []
    for form in forms:
        yield Progress(0.5)
        if form.places != "dense":
            sizes.append((_size(form, matrix).index, form))
    index, form = _least(sizes, slow) if sizes else (0.0, forms[0])
    if form.values == "planes":
        form = replace(form, raw=_raw_planes(form, matrix))
    tried: list[tuple[float, Form]] = []
    for one in _ways_of_values(form, matrix.words.size):
        yield Progress(0.5)
        size = _size(one, matrix)
        tried.append((size.codebook + size.values, one))
    cost, form = _least(tried, slow)
    return cost + index, form


def _ways_of_values(form: Form, total: int) -> list[Form]:
    ways = [replace(form, plain_values=True), form]
    if form.values == "planes":
        return ways
    if form.values == "row codebooks":
        ways = ways[:1]
    seen = range(1, len(SEEN)) if total <= LARGE else ()
    return [
        *(replace(way, seen=number) for way in ways[:1] for number in (0, *seen)),
        *(replace(way, seen=number) for way in ways[1:] for number in (0, *seen)),
    ]


def _least(sizes: list[tuple[float, Form]], slow: bool) -> tuple[float, Form]:
    """The smallest; in a tensor that takes time the first that is about as small, for the first take least."""
    least = min(sizes, key=lambda one: one[0])
    if not slow:
        return least
    return next(one for one in sizes if one[0] <= least[0] * (1 + GAIN))


def _raw_planes(form: Form, matrix: Matrix) -> int:
    """Bit k: byte k of the words is noise."""
    words = matrix.words if form.places == "dense" else matrix.words[matrix.symbols != 0]
    planes = np.ascontiguousarray(words).view(np.uint8).reshape(words.size, words.itemsize)
    raw = 0
    for number in range(words.itemsize):
        counts = np.bincount(planes[:, number], minlength=256)
        there = counts[counts > 0]
        bits = float((there * np.log2(there.sum() / there)).sum()) + 6 * there.size  # learning a symbol costs bits
        raw |= int(bits / 8 >= NOISE * words.size) << number
    return raw


def _size(form: Form, matrix: Matrix) -> Sizes:
    part = encode(form, matrix, Stream(), len)
    while True:
        try:
            next(part)
        except StopIteration as end:
            return end.value


def _sample(matrix: Matrix) -> Matrix:
    """Whole rows from the middle of a large matrix."""
    if matrix.words.size <= LARGE:
        return matrix
    rows = matrix.words.size // matrix.columns
    some = max(1, SAMPLE // matrix.columns)
    first = (rows - some) // 2 if rows > some else 0
    part = slice(first * matrix.columns, min(rows, first + some) * matrix.columns)
    books = matrix.codebooks[first : first + some] if len(matrix.codebooks) > 1 else matrix.codebooks
    return replace(matrix, words=matrix.words[part], symbols=matrix.symbols[part], codebooks=books)
