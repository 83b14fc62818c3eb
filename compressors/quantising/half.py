"""Weights and arithmetic in 16-bit floats (IEEE 754 binary16), by ONNX Runtime's own converter."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from profiler.errors import BadInput
from profiler.network import Network

LARGEST = float(np.finfo(np.float16).max)  # 65504


def in_half_precision(network: Network) -> Network:
    """Every float32 weight as float16; inputs and outputs stay float32. Layers keep their names.

    Raises BadInput when a weight is larger than float16 holds, or the network has no float32 weight.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    floats = [name for name, (_, kind) in network.weights().items() if kind == np.float32]
    if not floats:
        raise BadInput("The network has no weight in 32-bit floats.", fix="Take this step out of the recipe.")
    for name in floats:
        largest = float(np.abs(network.weight(name)).max(initial=0.0))
        if not largest <= LARGEST:
            raise BadInput(
                f"“{name}” holds {largest:g}; 16-bit floats end at {LARGEST:g}.",
                fix="Leave this step out, or scale the network.",
            )
    proto = ir.serde.serialize_model(network.edit())
    model = ir.serde.deserialize_model(convert_float_to_float16(proto, keep_io_types=True))
    model.graph.sort()  # it puts a Cast of the input at the end
    return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)
