"""One file per method. Importing this registers them all (see `compressors.method.find`)."""

from compressors.methods import fine_tune, magnitude_pruning

__all__ = ["fine_tune", "magnitude_pruning"]
