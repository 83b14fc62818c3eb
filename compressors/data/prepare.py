"""From 8-bit images and their classes to what a network takes and gives, as its InputRecipe says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from compressors.data.data_set import Images, Pixels, Split
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.progress import Job, Progress, drain

LUMA = np.array([299, 587, 114], np.float32) / 1000
"""Rec. ITU-R BT.601 brightness of red, green and blue."""

IN_MEMORY = 10**9
"""Up to this many bytes, prepared images are kept; more are prepared each time they are asked for."""

InputShape = Sequence[int | str | None]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Images prepared each time they are asked for."""

    images: Images
    recipe: InputRecipe
    shape: InputShape

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: slice | np.ndarray) -> np.ndarray:
        return prepare(self.images[which], self.recipe, self.shape)


Inputs = np.ndarray | Prepared
"""Prepared input tensors by index: a float32 array, or prepared on the way."""


def prepare(images: Pixels, recipe: InputRecipe, input_shape: InputShape) -> np.ndarray:
    """The float32 input tensor for these 8-bit images, N first.

    `input_shape` is the network's, its batch ignored: (N, C, H, W), (N, H, W, C) as the recipe's layout says, or any
    other rank of as many values (a network that takes N×784). Steps, in order: shorter side to `recipe.resize`,
    centre crop to `recipe.crop`, straight to the input's size where it still differs (bilinear, as Pillow does it),
    colours, `(pixel · scale − mean) / std`, layout. Grey becomes colour by repeating; colour becomes grey only where
    the recipe says grey. Raises BadInput when the images can't become that input.
    """
    height, width = _input_size(recipe, input_shape)
    if len(input_shape) == 4:
        resized = _resize(images, recipe, height, width)
    else:
        resized = images if isinstance(images, np.ndarray) else np.stack(images)
    values = _scale(_colours(resized, recipe), recipe)
    tensor = np.moveaxis(values, -1, 1) if recipe.layout == "NCHW" else values
    return np.ascontiguousarray(_fitted(tensor, input_shape))


def to_tensor(split: Split, recipe: InputRecipe, input_shape: InputShape) -> Inputs:
    """All of a split prepared: an array where it fits in 1 GB, else prepared on the way."""
    return drain(preparing(split, recipe, input_shape))


def preparing(split: Split, recipe: InputRecipe, input_shape: InputShape) -> Job[Inputs]:
    """`to_tensor` as a job: decoding thousands of files takes a while."""
    lazy = Prepared(split.images, recipe, input_shape)
    if 4 * len(split) * math.prod(_sizes(input_shape)) > IN_MEMORY:
        return lazy
    parts: list[np.ndarray] = []
    for start in range(0, len(split), 256):
        yield Progress(start / len(split), f"Preparing images, {start:,} of {len(split):,}")
        parts.append(lazy[slice(start, start + 256)])
    return np.concatenate(parts)


def output_labels(split: Split, recipe: InputRecipe, outputs: int) -> np.ndarray:
    """Each image's class as the index of a network's output.

    Where the recipe names the outputs, classes are found by their names; else the data set's order is the outputs'.
    Raises BadInput naming both numbers where they differ, or the class that the network does not know.
    """
    if not recipe.classes or not set(split.classes) & set(recipe.classes):
        if len(split.classes) != outputs:
            raise BadInput(
                f"The data set has {len(split.classes)} classes, but the network has {outputs} outputs.",
                fix="Choose data with the network’s classes, or name the outputs in the input recipe’s `classes`.",
            )
        return split.labels
    unknown = [name for name in split.classes if name not in recipe.classes[:outputs]]
    if unknown:
        raise BadInput(
            f"The network has no output for the data set’s class “{unknown[0]}”.",
            f"It has {outputs} outputs; the data set has {len(split.classes)} classes.",
            "Write the outputs’ names in the input recipe’s `classes`.",
        )
    place = np.array([recipe.classes.index(name) for name in split.classes], np.int64)
    return place[split.labels]


def _sizes(shape: InputShape) -> tuple[int, ...]:
    """Every size but the batch. Raises BadInput when one is open."""
    sizes = tuple(size for size in shape[1:] if isinstance(size, int))
    if len(sizes) != len(shape) - 1 or not sizes:
        text = "×".join(str(size) for size in shape)
        raise BadInput(f"The network’s input is {text}: not every size is known.", fix="Give it with --input.")
    return sizes


def _input_size(recipe: InputRecipe, shape: InputShape) -> tuple[int, int]:
    """(height, width) of the input; channels are checked against the recipe's colours."""
    sizes = _sizes(shape)
    if len(shape) != 4:
        return 0, 0
    channels = sizes[0] if recipe.layout == "NCHW" else sizes[2]
    if channels != _channels(recipe):
        raise BadInput(
            f"The network takes {channels} channels, but its input recipe says {recipe.colour}.",
            fix="Give the recipe that the network was trained with: --preprocess FILE.toml.",
        )
    return (sizes[1], sizes[2]) if recipe.layout == "NCHW" else (sizes[0], sizes[1])


def _channels(recipe: InputRecipe) -> int:
    return 1 if recipe.colour == "grey" else 3


def _resize(images: Pixels, recipe: InputRecipe, height: int, width: int) -> Pixels:
    """Every image brought to the input's size."""
    if recipe.resize is None and recipe.crop is None and _all_of_size(images, height, width):
        return images
    return np.stack([_one_size(image, recipe, height, width) for image in _same_channels(images)])


def _all_of_size(images: Pixels, height: int, width: int) -> bool:
    return isinstance(images, np.ndarray) and images.shape[1:3] == (height, width)


def _same_channels(images: Pixels) -> list[np.ndarray]:
    """A grey image among colour ones is repeated, so that they stack."""
    most = max(image.shape[2] for image in images)
    return [np.repeat(image, most // image.shape[2], axis=2) for image in images]


def _one_size(image: np.ndarray, recipe: InputRecipe, height: int, width: int) -> np.ndarray:
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    crop = recipe.crop
    if recipe.resize is not None:
        short = min(picture.size)
        # The longer side is cut, not rounded, to whole pixels: as torchvision and Keras do.
        sizes = [recipe.resize if side == short else recipe.resize * side // short for side in picture.size]
        picture = picture.resize((sizes[0], sizes[1]), Image.Resampling.BILINEAR)
        if crop is None and picture.height >= height and picture.width >= width:
            crop = (height, width)
    if crop is not None:
        picture = _centre(picture, crop)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _centre(picture: Image.Image, crop: tuple[int, int]) -> Image.Image:
    height, width = crop
    if height > picture.height or width > picture.width:
        raise BadInput(
            f"A crop of {height}×{width} does not fit an image of {picture.height}×{picture.width}.",
            fix="Give a larger `resize` or a smaller `crop` in the input recipe.",
        )
    top, left = round((picture.height - height) / 2), round((picture.width - width) / 2)
    return picture.crop((left, top, left + width, top + height))


def _colours(images: Pixels, recipe: InputRecipe) -> np.ndarray:
    """N×H×W×C with the recipe's channels in the recipe's order; still 0 to 255."""
    pixels = images if isinstance(images, np.ndarray) else np.stack(images)
    if recipe.colour == "grey":
        return pixels if pixels.shape[-1] == 1 else (pixels @ LUMA)[..., np.newaxis]
    if pixels.shape[-1] == 1:
        return np.repeat(pixels, 3, axis=-1)
    return pixels[..., ::-1] if recipe.colour == "bgr" else pixels


def _scale(pixels: np.ndarray, recipe: InputRecipe) -> np.ndarray:
    for name, numbers in (("mean", recipe.mean), ("std", recipe.std)):
        if len(numbers) not in (1, pixels.shape[-1]):
            raise BadInput(
                f"The input recipe’s `{name}` has {len(numbers)} numbers for {pixels.shape[-1]} channels.",
                fix="Give one number, or one for each channel.",
            )
    mean, std = np.array(recipe.mean, np.float32), np.array(recipe.std, np.float32)
    return (pixels.astype(np.float32) * np.float32(recipe.scale) - mean) / std


def _fitted(tensor: np.ndarray, shape: InputShape) -> np.ndarray:
    sizes = _sizes(shape)
    if math.prod(tensor.shape[1:]) != math.prod(sizes):
        have, want = ("×".join(str(size) for size in some) for some in (tensor.shape[1:], sizes))
        raise BadInput(
            f"The images are {have}, but the network takes {want}.", fix="Choose data of the network’s size."
        )
    return tensor.reshape(len(tensor), *sizes)
