"""What a search tried: its trials, the layers that were set together, and the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from compressors.clipq.arithmetic import Setting
from profiler.atomic import write_atomically

FORMAT = 1

By = Literal["layer", "shape"]
Groups = tuple[tuple[str, ...], ...]


def groups_of(shapes: Mapping[str, tuple[int, ...]], by: By, alone: Iterable[str] = ()) -> Groups:
    """`layer`: each layer by itself. `shape`: layers whose weights have one shape together, as in a residual stage.

    `shapes` by layer, in the network's order; groups come in the order of their first layers. Those in `alone` are in
    no group: their settings are given.
    """
    given = set(alone)
    found: dict[object, list[str]] = {}
    for layer, shape in shapes.items():
        if layer not in given:
            found.setdefault(layer if by == "layer" else shape, []).append(layer)
    return tuple(tuple(layers) for layers in found.values())


@dataclass(frozen=True)
class Trial:
    """What was tried: for each group the share of weights kept, and bits; and what came of it.

    bits: of all picked layers together, coded without memory; accuracy: 0 to 1, on the held-out images.
    """

    kept: tuple[float, ...]
    widths: tuple[int, ...]
    bits: float = 0.0
    accuracy: float = 0.0

    def settings(self, groups: Groups) -> dict[str, Setting]:
        return {
            layer: Setting(round(1 - kept, 4), width)
            for layers, kept, width in zip(groups, self.kept, self.widths, strict=True)
            for layer in layers
        }


def best(trials: Sequence[Trial], least: float) -> Trial | None:
    """The fewest bits among those that are accurate enough."""
    enough = (trial for trial in trials if trial.accuracy >= least - 1e-9)
    return min(enough, key=lambda trial: trial.bits, default=None)


class Notes:
    """The trials of a run in a file, so that one that was cut off goes on. Without a path, nothing is kept."""

    def __init__(self, path: Path | None, run: str) -> None:
        self._path, self._run = path, run

    def read(self) -> Iterator[Trial]:
        """Those of this run; none where the file is of another, or damaged."""
        try:
            content: Any = json.loads(self._path.read_bytes()) if self._path is not None else {}
            rows: list[Any] = content["trials"] if (content["format"], content["run"]) == (FORMAT, self._run) else []
            yield from [Trial(tuple(row["kept"]), tuple(row["widths"]), row["bits"], row["accuracy"]) for row in rows]
        except (OSError, ValueError, KeyError, TypeError):
            return

    def write(self, trials: Sequence[Trial]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = {"format": FORMAT, "run": self._run, "trials": [asdict(trial) for trial in trials]}
        write_atomically(self._path, [json.dumps(content).encode()])
