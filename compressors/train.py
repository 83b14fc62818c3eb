"""The only training loop. Everything random follows from the seed, so a run can be repeated and resumed exactly."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from compressors.augment import Augmentation, augment
from compressors.checkpoint import Checkpoint, fingerprint, load, save
from compressors.data.prepare import Inputs
from compressors.lift import logits
from profiler.errors import BadInput, Failed
from profiler.progress import Job, Progress

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(outputs before any final Softmax, labels, inputs) to one number."""

Row = dict[str, float]

EVERY = 0.2
"""Seconds between two signs of progress inside an epoch."""


@dataclass(frozen=True)
class Training:
    """How to train: `warmup` is the epochs over which the learning rate rises from nothing to `learning_rate`.

    `cosine` then lets it fall to nothing along half a wave (Loshchilov and Hutter 2017, one cycle); `constant` keeps
    it. SGD takes Nesterov's step where it has momentum (Sutskever et al. 2013).
    shift, rotate, scale and flip are `Augmentation`'s: pixels, degrees, a share, and whether to mirror.
    """

    epochs: int = 3
    learning_rate: float = 0.01
    optimizer: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.9
    weight_decay: float = 0.0005
    batch: int = 64
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: float = 0.0
    shift: int = 0
    rotate: float = 0.0
    scale: float = 0.0
    flip: bool = False

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(self.shift, self.rotate, self.scale, self.flip)

    def learning_rate_at(self, epochs: float) -> float:
        """The learning rate when so many epochs (a fraction too) are done."""
        if epochs < self.warmup:
            return self.learning_rate * epochs / self.warmup
        if self.schedule == "constant" or self.epochs <= self.warmup:
            return self.learning_rate
        done = (epochs - self.warmup) / (self.epochs - self.warmup)
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2


def train(
    module: nn.Module,
    images: Inputs,
    labels: np.ndarray,
    training: Training,
    *,
    seed: int,
    loss: Loss | None = None,
    after_step: Callable[[nn.Module], None] | None = None,
    checkpoint: Path | None = None,
    validate: Callable[[nn.Module], float] | None = None,
    threads: int = 0,
    layout: Literal["NCHW", "NHWC"] = "NCHW",
) -> Job[list[Row]]:
    """Train `module` in place on float32 inputs (N first) and int64 labels; returns a row for each epoch.

    A row has `epoch`, `loss` and `accuracy` (means over the epoch, on the augmented training images) and, with
    `validate`, `validation`: what it says of the module in eval mode. A network that ends in Softmax learns from what
    goes into it. `after_step` is called with the module after each step: masks are put back there. With `checkpoint`,
    each finished epoch is kept in that file, and a run that finds it there goes on from it; a file that is damaged or
    of another run is passed over, and the progress says why. `threads` 0 leaves torch's own choice.

    Ends in eval mode, also when closed. Raises BadInput when labels and outputs do not fit, Failed when it diverges.
    """
    if len(images) != len(labels) or len(labels) == 0:
        raise BadInput(f"There are {len(images)} training images and {len(labels)} labels.", fix="Give one each.")
    run = _Run(module, images, labels, training, seed, loss or _cross_entropy, after_step, layout)
    with _set_up(module, threads):
        mark = fingerprint(module, (training, seed, len(labels))) if checkpoint is not None else ""
        rows, reason = run.resume(checkpoint, mark)
        if reason:
            yield Progress(0.0, f"Starting afresh: {reason}")
        for epoch in range(len(rows), training.epochs):
            row = yield from run.epoch(epoch)
            if validate is not None:
                module.eval()
                row["validation"] = validate(module)
            rows = [*rows, row]
            if checkpoint is not None:
                save(checkpoint, mark, Checkpoint(module.state_dict(), run.optimizer.state_dict(), rows))
            yield Progress((epoch + 1) / training.epochs, f"Epoch {epoch + 1} of {training.epochs}", row)
    return rows


@contextmanager
def _set_up(module: nn.Module, threads: int) -> Generator[None]:
    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        module.eval()


class _Run:
    """One training: the module, its data and its optimizer."""

    def __init__(
        self,
        module: nn.Module,
        images: Inputs,
        labels: np.ndarray,
        training: Training,
        seed: int,
        loss: Loss,
        after_step: Callable[[nn.Module], None] | None,
        layout: str,
    ) -> None:
        self.module, self.learner, self.images = module, logits(module), images
        self.labels = torch.from_numpy(labels.astype(np.int64))
        self.training, self.seed, self.loss = training, seed, loss
        self.after_step, self.layout = after_step, layout
        _channels_last(module)
        self.optimizer = _optimizer(self.learner, training)

    def resume(self, checkpoint: Path | None, mark: str) -> tuple[list[Row], str]:
        """The rows of the epochs that the checkpoint holds; or none, and why it does not serve."""
        if checkpoint is None or not checkpoint.exists():
            return [], ""
        found = load(checkpoint, mark)
        if isinstance(found, str):
            return [], found
        self.module.load_state_dict(found.module)
        self.optimizer.load_state_dict(found.optimizer)
        return found.rows, ""

    def epoch(self, number: int) -> Job[Row]:
        """Each image once, in an order drawn anew."""
        generator = torch.Generator().manual_seed(_mix(self.seed, number))
        batches = self._batches(generator)
        total, right, seen, told = 0.0, 0, 0, time.monotonic()
        self.module.train()
        self.learner.train()
        for step, index in enumerate(batches):
            self._set_learning_rate(number + step / len(batches))
            value, hits = self._step(index, generator)
            if not math.isfinite(value):
                raise Failed(
                    f"Training went astray: the loss is no longer a number in epoch {number + 1}.",
                    fix=f"Try a learning rate below {self.training.learning_rate:g}.",
                )
            total, right, seen = total + value * len(index), right + hits, seen + len(index)
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                done = (number + (step + 1) / len(batches)) / self.training.epochs
                yield Progress(done, self._text(number), _row(number, total, right, seen))
                self.module.train()
                self.learner.train()
        return _row(number, total, right, seen)

    def _text(self, number: int) -> str:
        return f"Epoch {number + 1} of {self.training.epochs}"

    def _batches(self, generator: torch.Generator) -> list[torch.Tensor]:
        batches = list(torch.randperm(len(self.labels), generator=generator).split(self.training.batch))
        # One image alone has no spread for BatchNorm to measure; the next epoch draws it elsewhere.
        return batches[:-1] if len(batches) > 1 and len(batches[-1]) == 1 else batches

    def _set_learning_rate(self, epochs: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.training.learning_rate_at(epochs)

    def _step(self, index: torch.Tensor, generator: torch.Generator) -> tuple[float, int]:
        """One step on these images: the loss, and how many were right."""
        inputs = self._inputs(index.numpy(), generator)
        labels = self.labels[index]
        self.optimizer.zero_grad(set_to_none=True)
        with torch.random.fork_rng(devices=[]):
            # Dropout draws from torch's one shared generator: it is seeded for this step and then put back.
            torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
            outputs = _scores(self.learner(inputs), labels)
            value = self.loss(outputs, labels, inputs)
        value.backward()
        self.optimizer.step()
        if self.after_step is not None:
            self.after_step(self.module)
        return float(value.detach()), int((outputs.argmax(1) == labels).sum())

    def _inputs(self, index: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        inputs = torch.from_numpy(np.ascontiguousarray(self.images[index], np.float32))
        how = self.training.augmentation
        if self.layout == "NCHW" or not how:
            return augment(inputs, how, generator)
        return augment(inputs.movedim(-1, 1), how, generator).movedim(1, -1)


def _scores(outputs: Any, labels: torch.Tensor) -> torch.Tensor:
    """N×classes of the first output. Raises BadInput when a label has none."""
    first: torch.Tensor = outputs[0] if isinstance(outputs, tuple) else outputs
    scores = first.flatten(1)
    if int(labels.max()) >= scores.shape[1]:
        raise BadInput(
            f"The network has {scores.shape[1]} outputs, but the labels go up to {int(labels.max())}.",
            fix="Choose data with the network’s classes.",
        )
    return scores


def _cross_entropy(outputs: torch.Tensor, labels: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    del inputs  # other losses ask a teacher about them
    return F.cross_entropy(outputs, labels)


def _optimizer(module: nn.Module, training: Training) -> torch.optim.Optimizer:
    parameters = list(module.parameters())
    if not parameters:
        raise BadInput("The network has no weights that can be trained.", fix="Use steps that need no training.")
    if training.optimizer == "adam":
        return torch.optim.Adam(parameters, training.learning_rate, weight_decay=training.weight_decay)
    rate, momentum, decay = training.learning_rate, training.momentum, training.weight_decay
    return torch.optim.SGD(parameters, rate, momentum, weight_decay=decay, nesterov=momentum > 0)


def _channels_last(module: nn.Module) -> None:
    """Kernels with their channels side by side in memory: the same values, and LeNet-5’s step takes half the time.

    `clone`, because `contiguous` leaves a kernel of one channel as it is.
    """
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.clone(memory_format=torch.channels_last)


def _mix(seed: int, epoch: int) -> int:
    """One seed for each epoch of each run, so that resuming needs no saved state of a generator."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)


def _row(number: int, total: float, right: int, seen: int) -> Row:
    return {"epoch": number + 1.0, "loss": total / seen, "accuracy": right / seen}
