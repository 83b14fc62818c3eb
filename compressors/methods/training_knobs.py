"""The knobs of every method that trains, and what they need."""

from __future__ import annotations

from typing import Any

from compressors.method import knob


def epochs_knob(default: int, help: str) -> Any:  # noqa: A002 - the word a form uses
    return knob(default, kind="integer", label="Epochs", help=help, low=0, high=1000)


def learning_rate_knob(default: float) -> Any:
    return knob(
        default,
        kind="number",
        label="Learning rate",
        help="Of the first epochs; Han 2015 retrains with a tenth to a hundredth of the original rate.",
        low=0.0,
        high=10.0,
    )


def batch_knob() -> Any:
    return knob(64, kind="integer", label="Batch", help="Images in one training step.", low=1, high=65536)


def optimizer_knob() -> Any:
    return knob(
        "sgd",
        kind="choice",
        label="Optimizer",
        help="SGD with momentum 0.9, or Adam.",
        choices=("sgd", "adam"),
    )


def schedule_knob() -> Any:
    return knob(
        "cosine",
        kind="choice",
        label="Schedule",
        help="The learning rate falls to zero along a cosine, or stays constant.",
        choices=("cosine", "constant"),
    )


def weight_decay_knob() -> Any:
    return knob(
        0.0001,
        kind="number",
        label="Weight decay",
        help="L2 regularisation: what Han 2015 found best when retraining follows.",
        low=0.0,
        high=1.0,
    )


def shift_knob() -> Any:
    return knob(
        0, kind="integer", label="Shift", help="Images move by up to so many pixels while training.", low=0, high=64
    )


def rotate_knob() -> Any:
    return knob(
        0.0, kind="number", label="Rotate", help="Images turn by up to so many degrees while training.", low=0, high=180
    )


def flip_knob() -> Any:
    return knob(
        False, kind="switch", label="Mirror", help="Half of the images are mirrored. Not for digits or letters."
    )


def needs_data(epochs: int, has_data: bool) -> list[str]:
    """The sentence of a step that would train but has no data."""
    if epochs == 0 or has_data:
        return []
    return ["It needs data to train. Choose a data set, or set epochs to 0."]
