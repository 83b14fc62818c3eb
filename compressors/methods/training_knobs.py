"""The knobs of every method that trains, and what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compressors.method import knob


def epochs_knob(default: int, help: str) -> Any:  # noqa: A002 - the word a form uses
    return knob(default, kind="integer", label="Epochs", help=help, low=0, high=1000)


@dataclass(frozen=True)
class TrainingKnobs:
    """A method that trains derives from it, and may give a knob a default of its own."""

    epochs: int = epochs_knob(5, "Passes over the training images.")
    learning_rate: float = knob(
        0.01,
        kind="number",
        label="Learning rate",
        help="Of the first epochs; Han 2015 retrains with a tenth to a hundredth of the original rate.",
        low=0.0,
        high=10.0,
    )
    batch: int = knob(64, kind="integer", label="Batch", help="Images in one training step.", low=1, high=65536)
    optimizer: str = knob(
        "sgd",
        kind="choice",
        label="Optimizer",
        help="SGD with momentum 0.9, or Adam.",
        choices=("sgd", "adam"),
    )
    schedule: str = knob(
        "cosine",
        kind="choice",
        label="Schedule",
        help="The learning rate falls to zero along a cosine, or stays constant.",
        choices=("cosine", "constant"),
    )
    weight_decay: float = knob(
        0.0001,
        kind="number",
        label="Weight decay",
        help="L2 regularisation: what Han 2015 found best when retraining follows.",
        low=0.0,
        high=1.0,
    )
    shift: int = knob(
        0, kind="integer", label="Shift", help="Images move by up to so many pixels while training.", low=0, high=64
    )
    rotate: float = knob(
        0.0, kind="number", label="Rotate", help="Images turn by up to so many degrees while training.", low=0, high=180
    )
    flip: bool = knob(
        False, kind="switch", label="Mirror", help="Half of the images are mirrored. Not for digits or letters."
    )


def needs_data(epochs: int, has_data: bool) -> list[str]:
    """The sentence of a step that would train but has no data."""
    if epochs == 0 or has_data:
        return []
    return ["It needs data to train. Choose a data set, or set epochs to 0."]
