"""Safetensors files: a header in JSON that says where each tensor lies, then the tensors.

https://huggingface.co/docs/safetensors: eight bytes with the header's length, little-endian; the header,
`{"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, "__metadata__": {…}}`; the values.
The `safetensors` package has a library of its own for this; here every weight stays in the one mapped file.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import msgspec

from profiler.formats.stored_tensor import DTYPES, NotThere, StoredTensor, checked, in_order
from profiler.mapped import MappedFile

LONGEST_HEADER = 100_000_000  # the format's own limit
METADATA = "__metadata__"
NAMES: Mapping[str, str] = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


class SafetensorsTrouble(ValueError):
    """Not a safetensors file, or a damaged one; the text is a sentence that says why."""


class _Place(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def looks_like(start: bytes, length: int) -> bool:
    """A header length that fits, and then a JSON object."""
    return len(start) > 8 and start[8:9] in (b"{", b" ") and 2 <= int.from_bytes(start[:8], "little") <= length - 8


def tensors(file: MappedFile) -> dict[str, StoredTensor]:
    """Every tensor by its name, in the header's order. Raises SafetensorsTrouble."""
    begin = 8 + int.from_bytes(file.data[:8], "little")
    if len(file) < 10 or begin > min(len(file), LONGEST_HEADER + 8):
        raise SafetensorsTrouble("Its header claims to be longer than the file: it may be cut short.")
    try:
        found = msgspec.json.decode(file.data[8:begin], type=dict[str, msgspec.Raw])
        found.pop(METADATA, None)
        places = {name: msgspec.json.decode(raw, type=_Place) for name, raw in found.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SafetensorsTrouble(f"Its header is damaged: {error}.") from error
    made = {name: _tensor(file, begin, name, place) for name, place in places.items()}
    if sum(place.data_offsets[1] - place.data_offsets[0] for place in places.values()) > len(file) - begin:
        raise SafetensorsTrouble("Its tensors claim more bytes than the file has.")
    return made


def _tensor(file: MappedFile, begin: int, name: str, place: _Place) -> StoredTensor:
    start, stop = place.data_offsets
    if place.dtype not in NAMES:
        raise SafetensorsTrouble(f"Its tensor “{name[:80]}” has the type {place.dtype[:20]}, which is not read here.")
    dtype, shape = NAMES[place.dtype], tuple(place.shape)
    if not 0 <= start <= stop <= len(file) - begin:
        raise SafetensorsTrouble(f"Its tensor “{name[:80]}” lies beyond the end: the file may be cut short.")
    if prod(shape) * DTYPES[dtype].itemsize != stop - start:
        claim = f"claims {prod(shape):,} values, and {stop - start:,} bytes are there"
        raise SafetensorsTrouble(f"Its tensor “{name[:80]}” {claim}.")
    try:
        return checked(file, (begin + start, stop - start), dtype, 0, shape, in_order(shape))
    except NotThere as error:
        raise SafetensorsTrouble(f"Its tensor “{name[:80]}” {error}.") from error
