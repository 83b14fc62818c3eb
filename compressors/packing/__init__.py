"""The compressed file, `.nbz`: exact and checked. docs/nbz.md describes the format."""

from compressors.packing.estimate import estimate
from compressors.packing.reader import unpack, unpacking
from compressors.packing.summary import PackedTensor, PackSummary
from compressors.packing.writer import pack

__all__ = ["PackSummary", "PackedTensor", "estimate", "pack", "unpack", "unpacking"]
