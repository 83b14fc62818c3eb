"""What is printed of boards: price, peak arithmetic, bandwidth and watts, each figure with where it is from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import assets
from profiler.measurement import DeviceFacts

FILE = "boards.toml"
FIGURES = ("price_usd", "fp32_gflops", "fp16_gflops", "bandwidth_gb_s", "watts")


@dataclass(frozen=True)
class BoardFacts:
    """A board as it stands in print. None: not known. `watts`: its least and its most; `sources`: figure → where
    it is from, with the month of a price."""

    key: str
    name: str
    gpu: str
    matches: tuple[str, ...]
    unless: tuple[str, ...]
    fast_fp16: bool
    fast_int8: bool
    cuda_cores: int
    gpu_ghz: float
    tensor_cores: int = 0
    tensor_fp16_flops: int = 0
    price_usd: float | None = None
    fp32_gflops: float | None = None
    fp16_gflops: float | None = None
    bandwidth_gb_s: float | None = None
    watts: tuple[float, float] | None = None
    sources: Mapping[str, str] = field(default_factory=dict[str, str])

    def peak_gflops(self, precision: str) -> float | None:
        """The most it computes in a precision: fp16 where it has it, fp32 for everything else but int8 (not known)."""
        if precision == "int8":
            return None
        return self.fp16_gflops if precision == "fp16" and self.fp16_gflops is not None else self.fp32_gflops


@lru_cache(maxsize=1)
def boards() -> Mapping[str, BoardFacts]:
    """The boards that are known, by key, in the order of the road."""
    told = tomllib.loads(assets.path(FILE).read_text(encoding="utf-8"))
    return {key: _board(key, entry) for key, entry in told.items()}


def _board(key: str, entry: Mapping[str, Any]) -> BoardFacts:
    plain = {name: value for name, value in entry.items() if name not in FIGURES}
    plain |= {"matches": tuple(entry["matches"]), "unless": tuple(entry.get("unless", ()))}
    values = {name: entry[name]["value"] for name in FIGURES if name in entry}
    if "watts" in values:
        values["watts"] = (values["watts"][0], values["watts"][1])
    sources = {name: _source(entry[name]) for name in FIGURES if name in entry}
    return BoardFacts(key=key, sources=sources, **plain, **values)


def _source(figure: Mapping[str, Any]) -> str:
    return f"{figure['source']} ({figure['at']})" if "at" in figure else str(figure["source"])


def board_of(device: DeviceFacts, kind: str = "") -> BoardFacts | None:
    """The board that a device says it is, or `kind` where its owner said so; None: not one of these.

    The longest match decides, and a TX2 NX is no TX2. Where no model is known, what the device is called here counts:
    “Jetson TK1” is one, “tk1” might be anything.
    """
    if kind in boards():
        return boards()[kind]
    said = (device.model or device.name).lower().replace("_", " ")
    found = [
        (len(part), board)
        for board in boards().values()
        for part in board.matches
        if part in said and not any(other in said for other in board.unless)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None
