"""Whether images that come with the program could be a network's own."""

from __future__ import annotations

from profiler.breakdown import Breakdown


def digits_fit(breakdown: Breakdown) -> bool:
    """Whether the bundled digits could be its images: one grey channel in, ten classes out."""
    ends = [layer.output_shape for layer in breakdown.layers if not layer.feeds and layer.output_shape]
    channels = [shape[1] for shape in breakdown.inputs.values() if len(shape) == 4]
    return channels == [1] and any(shape[-1] == 10 for shape in ends)
