"""Measuring a (p, b): a short training with it, and the accuracy on the held-out images after that."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from compressors.checkpoint import fingerprint
from compressors.clipq.arithmetic import Setting, quantised
from compressors.clipq.search import search
from compressors.clipq.trials import Groups, Notes
from compressors.clipq.while_training import clip_while_training, clipped_weights
from compressors.lift import lift
from compressors.methods.retraining import accuracy_on, recipe_of, tensors_of, training_of
from compressors.train import train
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from compressors.data.prepare import Inputs
    from compressors.method import Context
    from compressors.methods.clip_q import ClipQ
    from profiler.network import Network

SETTINGS_FILE = "search.json"


@dataclass(frozen=True)
class Tuned:
    """The settings found, and what there is to tell of the search."""

    settings: dict[str, Setting]
    told: dict[str, Any]


def tuned(network: Network, context: Context, step: ClipQ, groups: Groups, given: Mapping[str, Setting]) -> Job[Tuned]:
    """Search (p, b) for these groups of layers; the layers of `given` that are in no group keep theirs.

    Raises BadInput without held-out images, and when no setting was good enough.
    """
    if context.data is None or not context.data.sizes.get("validation"):
        raise BadInput("The search needs held-out images.", fix="Choose a data set with a validation split.")
    train_split = context.data.split("train")
    chosen = np.random.default_rng(context.seed).permutation(len(train_split))[: step.trial_images]
    images, labels = yield from scaled(tensors_of(network, train_split.take(np.sort(chosen))), 0.0, 0.01)
    held_out = yield from scaled(tensors_of(network, context.data.split("validation")), 0.01, 0.02)
    accuracy = accuracy_on(*held_out)
    module = lift(network)
    module.eval()
    yield Progress(0.02, "Searching: measuring the network as it is")
    baseline = accuracy(module)
    clip_while_training(module, given)
    measuring = _Measuring(module, images, labels, accuracy, step, context, recipe_of(network).layout, tuple(given))
    limits = (step, groups, context.seed, len(labels), len(held_out[1]))
    notes = Notes(
        None if context.folder is None else context.folder / SETTINGS_FILE, fingerprint(module, limits)
    )  # fmt: skip
    least = baseline - step.max_loss / 100
    job = search(groups, measuring, least=least, trials=step.trials, seed=context.seed, notes=notes)
    found = yield from scaled(job, 0.02, 1.0)
    told = {"baseline": baseline, "accuracy": found.accuracy, "bytes": found.bits / 8, "settings_tried": step.trials}
    return Tuned(found.settings(groups), told)


class _Measuring:
    """What `search` asks: each time the same start, the same images in the same order, another (p, b)."""

    def __init__(
        self,
        module: nn.Module,
        images: Inputs,
        labels: np.ndarray,
        accuracy: Callable[[nn.Module], float],
        step: ClipQ,
        context: Context,
        layout: Any,
        layers: tuple[str, ...],
    ) -> None:
        self.module, self.images, self.labels, self.accuracy = module, images, labels, accuracy
        self.training = replace(training_of(step), epochs=1)
        self.context, self.layout, self.layers = context, layout, layers
        self.start = {name: tensor.clone() for name, tensor in module.state_dict().items()}

    def __call__(self, settings: Mapping[str, Setting]) -> Job[tuple[float, float]]:
        self.module.load_state_dict(self.start)
        for layer, (seen, _) in clipped_weights(self.module, settings).items():
            seen.choose(settings[layer])
        yield from train(
            self.module,
            self.images,
            self.labels,
            self.training,
            seed=self.context.seed,
            threads=self.context.threads,
            layout=self.layout,
        )
        with torch.no_grad():
            return self._bits(), self.accuracy(self.module)

    def _bits(self) -> float:
        """Of all picked layers, as they are after the short training."""
        clipped = clipped_weights(self.module, self.layers).values()
        return sum(quantised(weight, *seen.chosen).bits for seen, weight in clipped)
