"""What a runtime does to a graph: which layers become one kernel, and which stand side by side and could."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profiler.network import Network


@dataclass(frozen=True)
class Kernel:
    """One piece of work that a runtime starts: the layers it does, and the bytes it reads and writes at a batch of 1.

    `covers` is empty for what the runtime put in by itself, such as a change of the memory's order. `weight_bytes` is
    the part of `read_bytes` that is stored. None: a size is not known.
    """

    name: str
    op: str
    covers: tuple[str, ...]
    read_bytes: int | None
    written_bytes: int | None
    weight_bytes: int | None = None

    @property
    def traffic_bytes(self) -> int | None:
        if self.read_bytes is None or self.written_bytes is None:
            return None
        return self.read_bytes + self.written_bytes


@dataclass(frozen=True)
class Siblings:
    """Layers that read one value and are alike in everything but their filters: one kernel could do them all.

    Their filters one behind the other give their outputs one behind the other, exactly. It would save
    `saved_kernels` starts and, the input being read once, `saved_bytes`. A runtime that cannot hand out slices of a
    result must then copy `output_bytes`. `input` is the value's name, `made_by` the layer behind it ("" = an input).
    """

    input: str
    made_by: str
    layers: tuple[str, ...]
    op: str
    weight_shapes: tuple[tuple[int, ...], ...]
    input_bytes: int | None
    output_bytes: int | None
    saved_kernels: int
    saved_bytes: int | None


@dataclass(frozen=True)
class Fusion:
    """A network's kernels as its file lists them, and as the runtime runs them.

    `vanished` are layers that no kernel does any more (worked out beforehand, or of no effect), `added` kernels that
    the runtime put in. Traffic is what all kernels read and write; None when some shape is not known.
    """

    network: str
    before: tuple[Kernel, ...]
    after: tuple[Kernel, ...]
    siblings: tuple[Siblings, ...]
    traffic_before_bytes: int | None
    traffic_after_bytes: int | None
    runtime: str
    vanished: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def saved_bytes(self) -> int | None:
        """Memory traffic that fusing saves; negative where what the runtime put in costs more."""
        if self.traffic_before_bytes is None or self.traffic_after_bytes is None:
            return None
        return self.traffic_before_bytes - self.traffic_after_bytes


def fusion(network: Network) -> Fusion:
    """What ONNX Runtime makes of a network on this computer's processor. No weight of size is read, nothing is run.

    Raises BadInput when an input's size is open (but for the batch, taken as 1) or the runtime cannot load the network.
    """
    from profiler.fused import fuse  # needs onnx_ir, which a window that only shows facts never loads

    return fuse(network)
