"""The two containers of torch.save: where a pickle's tensors lie in the file.

Since torch 1.6 a zip: `data.pkl`, and a stored entry `data/KEY` for each storage. Before it five pickles (a magic
number, the protocol, the system, the object, the keys of its storages), and then each storage: how many values, as
eight bytes, and the values (torch/serialization.py, `_save` and `_legacy_save`). The weights stay in the mapped file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from profiler.formats.stored_tensor import DTYPES, NotThere, StoredTensor, checked
from profiler.formats.torch_pickle import OPAQUE, Claim, Machine, PickleTrouble, Storage
from profiler.formats.torch_zip import ZipTrouble, entries
from profiler.mapped import MappedFile

LEGACY_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # LONG1 0x1950A86A20F9469CFC6C, STOP
DEEPEST = 4  # of dictionaries in dictionaries, for the weights to be in
MOST_VALUES = 200_000
Place = Callable[[Storage], tuple[int, int]]  # of a storage: offset and bytes in the file


def is_legacy(start: bytes) -> bool:
    """The first bytes of a file that torch.save wrote before 1.6, or with `_use_new_zipfile_serialization=False`."""
    return start[:1] == b"\x80" and start[2 : 2 + len(LEGACY_MAGIC)] == LEGACY_MAGIC


def read_zip(file: MappedFile) -> Any:
    """The object in a zip: dictionaries, numbers, text, and StoredTensor for tensors. Raises PickleTrouble."""
    try:
        there = entries(file)
    except ZipTrouble as error:
        raise PickleTrouble(str(error)) from error
    pickle = next((entry for name, entry in there.items() if name.rpartition("/")[2] == "data.pkl"), None)
    if pickle is None:
        raise PickleTrouble("It is a zip without data.pkl: not what torch.save writes.")
    root = pickle.name.removesuffix("data.pkl")
    order = there.get(f"{root}byteorder")
    if order is not None and file.data[order.offset : order.offset + order.size] != b"little":
        raise PickleTrouble("It was written on a big-endian computer, which is not read here.")
    value, _ = Machine(file).run(pickle.offset, pickle.offset + pickle.size)

    def place(storage: Storage) -> tuple[int, int]:
        entry = there.get(f"{root}data/{storage.key}")
        if entry is None:
            raise NotThere("lies in a storage that is not there")
        return entry.offset, entry.size

    return _Settling(file, place).settle(value)


def read_legacy(file: MappedFile) -> Any:
    """The object in a file from before the zip; as `read_zip`."""
    machine, at = Machine(file), 0
    values: list[Any] = []
    for _ in range(5):
        value, at = machine.run(at, len(file))
        values.append(value)
    places = _legacy_places(file, machine, values[4], at)

    def place(storage: Storage) -> tuple[int, int]:
        if storage.key not in places:
            raise NotThere("lies in a storage that is not there")
        return places[storage.key]

    return _Settling(file, place).settle(values[3])


def _legacy_places(file: MappedFile, machine: Machine, keys: Any, at: int) -> dict[str, tuple[int, int]]:
    places: dict[str, tuple[int, int]] = {}
    for key in cast("list[Any]", keys) if isinstance(keys, list) else [None]:
        storage = machine.storages.get(key) if isinstance(key, str) else None
        if storage is None:
            raise PickleTrouble("The list of its storages is damaged.")
        size = storage.count * DTYPES[storage.dtype].itemsize
        if int.from_bytes(file.data[at : at + 8], "little") != storage.count or at + 8 + size > len(file):
            raise PickleTrouble(f"It is cut short: its storage {storage.key[:40]} claims {size:,} bytes.")
        places[storage.key] = (at + 8, size)
        at += 8 + size
    return places


class _Settling:
    """Puts every tensor that is found in dictionaries at its place. Lists and the like hold no weights."""

    def __init__(self, file: MappedFile, place: Place) -> None:
        self.file, self.place, self.left = file, place, MOST_VALUES

    def settle(self, value: Any, name: str = "", depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0:  # a dictionary that holds itself, again and again
            raise PickleTrouble("Its pickle is too long to be a list of weights.")
        if isinstance(value, Claim):
            return self._tensor(value, name)
        if isinstance(value, dict) and depth < DEEPEST:
            items = cast("dict[str, Any]", value).items()
            return {key: self.settle(each, key, depth + 1) for key, each in items}
        return value if isinstance(value, str | int | float) else OPAQUE

    def _tensor(self, claim: Claim, name: str) -> StoredTensor:
        try:
            place = self.place(claim.storage)
            return checked(self.file, place, claim.dtype, claim.first, claim.shape, claim.strides)
        except NotThere as error:
            raise PickleTrouble(f"Its tensor “{name[:80]}” {error}.") from error
