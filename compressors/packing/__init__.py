"""The compressed file, `.nbz`: exact and checked. docs/nbz.md describes the format."""

import importlib
from typing import TYPE_CHECKING, Any

from compressors.packing.estimate import estimate
from compressors.packing.summary import PackedTensor, PackSummary

if TYPE_CHECKING:
    from compressors.packing.reader import unpack, unpacking
    from compressors.packing.writer import pack

__all__ = ["PackSummary", "PackedTensor", "estimate", "pack", "unpack", "unpacking"]

LATER = {"pack": "writer", "unpack": "reader", "unpacking": "reader"}  # compiled: a window that estimates needs none


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"compressors.packing.{LATER[name]}"), name)
