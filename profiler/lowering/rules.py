"""Which rule takes an operator from one opset to the one before; those not named here keep their meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from profiler.lowering import moved, resized, rewritten
from profiler.lowering.change import Change

Rule = Callable[[Change], None]

REDUCES = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")
FROM_FRONT = (
    "ArgMax", "ArgMin", "Compress", "Concat", "Flatten", "Hardmax", "LogSoftmax", "Softmax", "Split",
)  # fmt: skip

# (operator, the opset whose change is undone)
RULES: Mapping[tuple[str, int], Rule] = {
    **{(f"Reduce{what}", 18): moved.reduce_axes for what in REDUCES},
    **{(f"Reduce{what}", 11): moved.axes_from_front for what in (*REDUCES, "Sum")},
    **{(op, 11): moved.axis_from_front for op in FROM_FRONT},
    **{(op, 13): rewritten.softmax for op in ("Softmax", "LogSoftmax", "Hardmax")},
    **{(op, 13): moved.squeeze_axes for op in ("Squeeze", "Unsqueeze")},
    **{(op, 11): moved.axes_from_front for op in ("Squeeze", "Unsqueeze")},
    **{(op, 13): rewritten.per_tensor for op in ("QuantizeLinear", "DequantizeLinear")},
    **{(op, 10): rewritten.pool_rounding for op in ("MaxPool", "AveragePool")},
    **{(op, 22): rewritten.pool_windows for op in ("MaxPool", "AveragePool")},
    ("Mod", 28): rewritten.mod_kind,
    ("Bernoulli", 15): rewritten.chance,
    ("ReduceSum", 13): moved.reduce_axes,
    ("Split", 18): moved.split_count,
    ("Split", 13): moved.split_sizes,
    ("Clip", 11): moved.clip_limits,
    ("Dropout", 12): moved.dropout_ratio,
    ("Dropout", 10): moved.dropout_mask,
    ("Slice", 10): moved.slice_bounds,
    ("TopK", 10): moved.top_k,
    ("Pad", 18): moved.pad_axes,
    ("Pad", 11): moved.pad_amounts,
    ("DFT", 20): moved.dft_axis,
    ("Constant", 12): moved.constant_value,
    ("Gather", 11): moved.gather_from_front,
    ("Shape", 15): rewritten.shape_part,
    ("Reshape", 14): rewritten.reshape_zero,
    ("BatchNormalization", 14): rewritten.batch_norm,
    ("GridSample", 20): rewritten.grid_sample,
    ("RoiAlign", 16): rewritten.roi_align,
    ("CastLike", 15): rewritten.cast_like,
    ("Gemm", 11): rewritten.gemm_without_c,
    ("ScatterElements", 11): rewritten.scatter_elements,
    ("DepthToSpace", 11): rewritten.depth_to_space,
    ("Resize", 18): resized.resize_axes,
    ("Resize", 13): resized.resize_inputs,
    ("Resize", 11): resized.resize_plain,
    ("Resize", 10): resized.upsample,
}
