"""The graph that ONNX Runtime really runs: its own, after all its optimisations, read back without the weights.

The runtime is given the network with a stand-in for each large weight: zeros in a file that takes no room on the disk.
Which nodes it joins does not depend on them. What may decide (shapes, axes, limits, scales) is small and kept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

from profiler.errors import BadInput, Failed
from profiler.serial import LARGEST_FILE, size_in_bytes

if TYPE_CHECKING:
    from profiler.network import Network

STAND_IN_FROM = 1 << 16  # bytes; smaller weights are handed over as they are
WEIGHTS, ZEROS = "weights.bin", "zeros.bin"
IN_FILE = "session.optimized_model_external_initializers_"


@dataclass(frozen=True)
class Optimised:
    """What the runtime made of a network. Its large weights have shapes and no values."""

    model: ir.Model
    runtime: str


def optimised(network: Network) -> Optimised:
    """The network as ONNX Runtime runs it on this computer's processor, at full optimisation.

    Raises BadInput when the runtime cannot load it, Failed when there is no room for what it writes.
    """
    import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

    with tempfile.TemporaryDirectory(prefix="netbonsai-") as name:
        folder = Path(name)
        path, written = folder / "network.onnx", folder / "optimised.onnx"
        path.write_bytes(_with_stand_ins(network, folder))
        _throw_weights_away(folder, network)
        _run_through(onnxruntime, network, path, written)
        model = ir.from_proto(onnx.ModelProto.FromString(written.read_bytes()))
    return Optimised(model, f"ONNX Runtime {onnxruntime.__version__}, CPU, all optimisations")


def _with_stand_ins(network: Network, folder: Path) -> bytes:
    """The model's bytes; each large float weight is said to lie in one file of zeros, all at its beginning."""
    model, longest = network.edit(), 0
    for value in model.graph.initializers.values():
        tensor = value.const_value
        if tensor is None or tensor.nbytes < STAND_IN_FROM or not tensor.dtype.is_floating_point():
            continue
        longest = max(longest, tensor.nbytes)
        shape = ir.Shape(tensor.shape.numpy())
        value.const_value = ir.ExternalTensor(ZEROS, 0, tensor.nbytes, tensor.dtype, shape=shape, name=value.name or "")
    if longest:
        with (folder / ZEROS).open("wb") as file:
            file.truncate(longest)
    rest = sum(
        value.const_value.nbytes
        for value in model.graph.initializers.values()
        if value.const_value is not None and not isinstance(value.const_value, ir.ExternalTensor)
    )
    if rest > LARGEST_FILE:
        raise BadInput(
            f"“{network.name}” is too large for one ONNX file.", f"{rest:,} bytes of it are no float weights."
        )
    return ir.serde.serialize_model(model).SerializeToString()


def _throw_weights_away(folder: Path, network: Network) -> None:
    """Let the file for weights, which nobody reads, lead nowhere; where that cannot be, see that there is room."""
    with contextlib.suppress(OSError, NotImplementedError):
        if os.name == "posix":
            (folder / WEIGHTS).symlink_to(os.devnull)
            return
    size, free = size_in_bytes(network.model), shutil.disk_usage(folder).free
    if size * 1.1 > free:
        raise Failed(
            f"The runtime’s graph of “{network.name}” needs {size / 1e6:,.0f} MB for a moment.",
            f"Make room in {folder.parent}: it has {free / 1e6:,.0f} MB.",
        )


def _run_through(onnxruntime: Any, network: Network, path: Path, written: Path) -> None:
    """Load it, which writes the optimised graph; it is not run."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what it warns of is told here in its own words, or is no matter
    options.optimized_model_filepath = str(written)
    options.add_session_config_entry(f"{IN_FILE}file_name", WEIGHTS)
    options.add_session_config_entry(f"{IN_FILE}min_size_in_bytes", str(1024))
    options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # noqa: BLE001 - it has a dozen kinds of its own
        raise BadInput(
            f"onnxruntime {onnxruntime.__version__} cannot load “{network.name}”.",
            f"It says: {str(problem).replace(str(path), path.name)}",
            "Export the network with operators and an opset that it knows, or install a newer onnxruntime.",
        ) from None
