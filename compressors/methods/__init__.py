"""One file per method. Importing this registers them all (see `compressors.method.find`)."""

from compressors.methods import fine_tune, magnitude_pruning, weight_sharing

__all__ = ["fine_tune", "magnitude_pruning", "weight_sharing"]
