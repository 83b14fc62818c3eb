"""What a data set is: named splits of 8-bit images with their classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from profiler.errors import BadInput

SplitName = Literal["train", "validation", "test"]
Pixels = np.ndarray | Sequence[np.ndarray]
"""8-bit images: one N×H×W×C array where they are of one size, else a list of H×W×C; C is 1 or 3 (RGB)."""

SPLIT_SEED = 20_150
HELD_OUT = 5_000


class DecodedImages(Protocol):
    """Images decoded only when asked for, by their index."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: slice | np.ndarray) -> Pixels: ...


Images = np.ndarray | DecodedImages


@dataclass(frozen=True, eq=False)
class Split:
    """Images and the class of each: int64, an index into `classes`."""

    images: Images
    labels: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: slice | np.ndarray) -> "Split":
        """Only some of the images, in the order given; nothing is decoded."""
        index = np.arange(len(self))[which]
        return Split(Chosen(self.images, index), self.labels[index], self.classes)


@dataclass(frozen=True, eq=False)
class Chosen:
    """Some of another's images, by index."""

    images: Images
    index: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, which: slice | np.ndarray) -> Pixels:
        return self.images[self.index[which]]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Splits by name. `spec` is what the user wrote to open it; `title` is what people read."""

    title: str
    spec: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many images each split holds."""
        return {name: len(split) for name, split in self.splits.items()}

    def split(self, name: SplitName | str) -> Split:
        """One split. Raises BadInput that lists those there are."""
        if name not in self.splits:
            there = ", ".join(self.splits) or "none"
            raise BadInput(f"“{self.title}” has no {name} split.", fix=f"Its splits are: {there}.")
        return self.splits[name]


def hold_out(train: Split) -> tuple[Split, Split]:
    """(training, validation): validation is the last 5,000 of a fixed shuffle, or a tenth where that is less.

    The shuffle guards against files sorted by class. Its seed never changes, so every session and every
    recipe sees the same two parts.
    """
    order = np.random.default_rng(SPLIT_SEED).permutation(len(train))
    count = max(1, min(HELD_OUT, len(train) // 10))
    return train.take(np.sort(order[:-count])), train.take(np.sort(order[-count:]))
