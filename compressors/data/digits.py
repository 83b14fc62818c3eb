"""The bundled data set `digits`: 10,000 digits of MNIST (see assets/data/NOTICE)."""

from dataclasses import replace

import assets
from compressors.data.data_set import DataSet
from compressors.data.npz import open_npz

FILE = "data/digits.npz"


def open_digits() -> DataSet:
    """7,000 images for training, 1,000 for validation, 2,000 for testing; split once and for all."""
    return replace(open_npz(assets.path(FILE)), title="Digits", spec="digits")
