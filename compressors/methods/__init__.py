"""One file per method. Importing this registers them all (see `compressors.method.find`)."""

from compressors.methods import clean_up, fine_tune, four_bit, half_precision, int8, magnitude_pruning, weight_sharing

__all__ = ["clean_up", "fine_tune", "four_bit", "half_precision", "int8", "magnitude_pruning", "weight_sharing"]
