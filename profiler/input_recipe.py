"""How an image becomes a network's input. Without it, an accuracy means nothing."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class InputRecipe:
    """Steps from 8-bit pixels to the input tensor, in this order.

    resize: the shorter side becomes this many pixels (None: straight to the input's height and width);
    crop: the centre crop, (height, width); colour: the order of channels; then `(pixel * scale - mean) / std`
    per channel; layout: the order of axes. `classes` names the outputs in their order (empty: folders sorted by name).
    `source` says where the recipe came from: "zoo", a TOML file, `--preprocess`, the file's metadata, or "guessed".
    """

    resize: int | None = None
    crop: tuple[int, int] | None = None
    colour: Literal["rgb", "bgr", "grey"] = "rgb"
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    classes: tuple[str, ...] = field(default=())
    source: str = "guessed"
