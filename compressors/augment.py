"""Augmentation: each training image a little different each time, drawn anew for every batch."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from profiler.errors import BadInput


@dataclass(frozen=True)
class Augmentation:
    """How far images may be moved. All zero: they are left as they are.

    shift: whole pixels each way; rotate: degrees each way; scale: share each way (0.1: 90 to 110 %);
    flip: half of the images are mirrored left to right.
    """

    shift: int = 0
    rotate: float = 0.0
    scale: float = 0.0
    flip: bool = False

    def __bool__(self) -> bool:
        return bool(self.shift or self.rotate or self.scale or self.flip)


def augment(images: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """N×C×H×W images shifted, turned, scaled and mirrored at random; what comes in from outside repeats the edge.

    Raises BadInput when the inputs are no images.
    """
    if not how:
        return images
    if images.dim() != 4:
        sizes = "×".join(str(size) for size in images.shape[1:])
        raise BadInput(f"Inputs of {sizes} are no images, so they can’t be augmented.", fix="Set augmentation to 0.")
    grid = F.affine_grid(_maps(images, how, generator), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _maps(images: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """N×2×3: where each output pixel looks in its input, in grid_sample's units (−1 to 1 across the image)."""
    count, _, height, width = images.shape

    def either_way(most: float) -> torch.Tensor:
        return (2 * torch.rand(count, generator=generator) - 1) * most

    angle = either_way(math.radians(how.rotate))
    factor = 1 / (1 + either_way(how.scale))
    shifts = torch.randint(-how.shift, how.shift + 1, (count, 2), generator=generator)
    mirrored = torch.rand(count, generator=generator) < (0.5 if how.flip else 0.0)
    mirror = torch.where(mirrored, -1.0, 1.0)
    cosine, sine = torch.cos(angle) * factor, torch.sin(angle) * factor
    right, down = 2 * shifts[:, 0] / width, 2 * shifts[:, 1] / height
    # Turning is done in pixels; the units of the two axes differ where the image is not square.
    top = torch.stack([cosine * mirror, -sine * mirror * height / width, right], dim=1)
    bottom = torch.stack([sine * width / height, cosine, down], dim=1)
    return torch.stack([top, bottom], dim=1)
