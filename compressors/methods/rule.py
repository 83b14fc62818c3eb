"""How many weights go, and where: the part of magnitude pruning that is plain arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from compressors.methods.masks import at_most, count_of, smallest
from profiler.progress import Job, Progress, scaled

By = Literal["threshold", "share", "per_layer", "deviations"]


@dataclass(frozen=True)
class Rule:
    """Which weights go. `value` is a share (0 to 1), a threshold or a number of σ, as `by` says.

    `per_layer` has a layer's own value in place of the common one. With `by="per_layer"` its values are shares, and
    layers that are not in it keep everything. `together`: one threshold for all layers with the common share.
    """

    by: By
    value: float
    together: bool = True
    per_layer: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def by_share(self) -> bool:
        return self.by in ("share", "per_layer")

    def weaker(self, strength: float) -> Rule:
        """The rule with every value multiplied by `strength`, 0 to 1."""
        return self._each(lambda value: value * strength)

    def at(self, way: float) -> Rule:
        """The rule for a round that is `way` (0 to 1) towards the end.

        Shares: what stays falls by the same factor each round, (1 − share)^way. Thresholds rise evenly.
        """
        if not self.by_share:
            return self.weaker(way)
        return self._each(lambda share: 1 - (1 - share) ** way if way < 1 else share)

    def masks(self, weights: Mapping[str, np.ndarray]) -> Job[dict[str, np.ndarray]]:
        """True where a weight goes, by layer. Shares are exact to one weight; equal magnitudes go in order."""
        groups = [[layer] for layer in weights]
        if self.by == "share" and self.together:
            common = [layer for layer in weights if layer not in self.per_layer]
            groups = [*([layer] for layer in weights if layer in self.per_layer), *([common] if common else [])]
        masks: dict[str, np.ndarray] = {}
        for number, group in enumerate(groups):
            part = self._together({layer: weights[layer] for layer in group})
            masks |= yield from scaled(part, number / len(groups), (number + 1) / len(groups))
        return masks

    def _together(self, weights: Mapping[str, np.ndarray]) -> Job[dict[str, np.ndarray]]:
        """Masks of layers that share one threshold: one layer, or all that have the common share."""
        first = next(iter(weights))
        if not self.by_share:
            yield Progress(0.0, f"Pruning {first}")
            return {layer: at_most(array, self._threshold(layer, array)) for layer, array in weights.items()}
        share = self.per_layer.get(first, 0.0 if self.by == "per_layer" else self.value)
        goes = count_of(share, sum(array.size for array in weights.values()))
        found = yield from smallest(list(weights.values()), goes)
        return dict(zip(weights, found, strict=True))

    def _threshold(self, layer: str, weights: np.ndarray) -> float:
        value = self.per_layer.get(layer, self.value)
        if self.by == "threshold" or not weights.size:
            return value
        return value * float(weights.std(dtype=np.float64))

    def _each(self, change: Callable[[float], float]) -> Rule:
        changed = {layer: change(value) for layer, value in self.per_layer.items()}
        return replace(self, value=change(self.value), per_layer=changed)
