"""The input recipe as a TOML file, and the guess where there is none.

resize = 256
crop = [224, 224]
colour = "bgr"                      # rgb, bgr or grey
scale = 1.0                         # (pixel * scale - mean) / std
mean = [104.0, 117.0, 123.0]
std = [1.0, 1.0, 1.0]
layout = "NCHW"                     # or NHWC
classes = ["tench", "goldfish"]     # in the order of the outputs
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.plain import from_plain

KEYS = tuple(field.name for field in fields(InputRecipe) if field.name != "source")


def beside(path: Path | None) -> Path | None:
    """The recipe that lies beside a network's file: `NAME.onnx.toml` or `NAME.toml`."""
    if path is None:
        return None
    places = (path.with_name(f"{path.name}.toml"), path.with_suffix(".toml"))
    return next((place for place in places if place.is_file() and _is_input_recipe(place)), None)


def _is_input_recipe(path: Path) -> bool:
    """False for a compression recipe that merely bears the network's name: it has steps."""
    try:
        return "step" not in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return True  # let the reader say what is wrong with it


def read_recipe(path: Path, source: str = "--preprocess") -> InputRecipe:
    """The recipe in a TOML file. Raises BadInput naming the file and the key that does not fit."""
    failed = f"The input recipe “{path.name}” could not be read."
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(failed, f"{path}: {error.strerror or error}.", "Check the path.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(failed, f"{error}.", "It must be a TOML file.") from error
    for key in table:
        if key not in KEYS:
            raise BadInput(failed, f"It has an unknown key, “{key}”.", f"The keys are: {', '.join(KEYS)}.")
    return _checked(failed, table, source)


def _checked(failed: str, table: Mapping[str, Any], source: str) -> InputRecipe:
    lists = {
        key: [float(n) for n in table[key]] if _numbers(table[key]) else table[key]
        for key in ("mean", "std")
        if key in table
    }
    try:
        recipe = from_plain({**table, **lists}, InputRecipe)
    except msgspec.ValidationError as error:
        raise BadInput(failed, f"{error}.", f"The keys are: {', '.join(KEYS)}.") from error
    channels = 1 if recipe.colour == "grey" else 3
    for key, values in (("mean", recipe.mean), ("std", recipe.std)):
        if len(values) not in (1, channels):
            raise BadInput(failed, f"“{key}” has {len(values)} numbers.", f"Give one, or {channels}: one a channel.")
    if any(value == 0 for value in recipe.std):
        raise BadInput(failed, "“std” has a 0.", "Nothing can be divided by 0.")
    sizes = [size for size in (recipe.resize, *(recipe.crop or ())) if size is not None]
    if any(size < 1 for size in sizes):
        raise BadInput(failed, "“resize” and “crop” take whole numbers from 1.")
    return replace(recipe, source=source)


def _numbers(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    items = cast("list[Any]", value)
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in items)


def guessed(inputs: Mapping[str, tuple[int | str, ...]], *, caffe: bool = False) -> InputRecipe | None:
    """From the first input's shape: grey or colour, pixels from 0 to 1. None when it is no image.

    `caffe`: as its published networks are fed: blue first, from 0 to 255 less the mean colour of ImageNet
    (models/bvlc_googlenet/train_val.prototxt), or grey pixels times 1/256 (examples/mnist/lenet_train_test.prototxt).
    """
    shape = next(iter(inputs.values()), ())
    if len(shape) != 4:
        return None
    layout: Literal["NCHW", "NHWC"] = "NHWC" if shape[3] in (1, 3) and shape[1] not in (1, 3) else "NCHW"
    channels = shape[1] if layout == "NCHW" else shape[3]
    if channels not in (1, 3):
        return None
    if caffe and channels == 3:
        return InputRecipe(colour="bgr", scale=1.0, mean=(104.0, 117.0, 123.0), layout=layout)
    return InputRecipe(colour="grey" if channels == 1 else "rgb", scale=1 / 256 if caffe else 1 / 255, layout=layout)
