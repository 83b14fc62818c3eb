"""One file per method. Importing this registers them all (see `compressors.method.find`)."""

from compressors.methods import (
    channel_pruning,
    clean_up,
    clip_q,
    fine_tune,
    four_bit,
    half_precision,
    int8,
    magnitude_pruning,
    weight_sharing,
)

__all__ = [
    "channel_pruning",
    "clean_up",
    "clip_q",
    "fine_tune",
    "four_bit",
    "half_precision",
    "int8",
    "magnitude_pruning",
    "weight_sharing",
]
