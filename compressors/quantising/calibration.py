"""Images that are run once, so that a quantiser sees how large activations become."""

from __future__ import annotations

import numpy as np

from compressors.data.data_set import DataSet, Split
from compressors.data.prepare import prepare
from compressors.onnx_file import plain_recipe
from profiler.network import Network


def chosen(data: DataSet, samples: int) -> Split:
    """At most `samples` training images, spread evenly. Not test images: what they set is part of the network."""
    split = data.split("train")
    count = min(samples, len(split))
    return split.take(np.arange(count) * len(split) // max(count, 1))


class CalibrationImages:
    """What ONNX Runtime's quantisers read images from, one batch of one at a time; `done` images were handed out."""

    def __init__(self, network: Network, images: Split) -> None:
        self.name, shape = next(iter(network.inputs.items()))
        self.shape = tuple(size if isinstance(size, int) else None for size in shape)
        self.size = self.shape[0] or 1  # a fixed batch is filled with the same image
        self.recipe = network.input_recipe or plain_recipe(self.shape)
        self.images, self.done, self.stopped = images, 0, False

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next image as the network takes it; None at the end, or once `stopped`."""
        if self.stopped or self.done >= len(self.images):
            return None
        image = prepare(self.images.images[self.done : self.done + 1], self.recipe, self.shape)
        self.done += 1
        return {self.name: np.repeat(image, self.size, axis=0)}

    def set_range(self, start_index: int, end_index: int) -> None:
        """Quantisers may ask for a part; this hands out all, in order."""

    def __iter__(self) -> CalibrationImages:
        return self

    def __next__(self) -> dict[str, np.ndarray]:
        found = self.get_next()
        if found is None:
            raise StopIteration
        return found
