"""ONNX Runtime's quantisers: from a network to a network, with layer names kept."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false, reportUnknownParameterType=false, reportArgumentType=false
# onnxruntime is hardly typed; what comes out of it is checked by the tests.

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import onnx
import onnx_ir as ir

from compressors.quantising.calibration import CalibrationImages
from profiler.errors import BadInput
from profiler.network import Network, save
from profiler.progress import Job, Progress

Activations = Literal["unsigned", "signed"]
Calibration = Literal["largest", "entropy", "percentile"]
LOOK_EVERY = 0.1  # seconds between two looks at how far a quantiser is
RENAMED = ("_MatMul_quant", "_quant")  # what the dynamic quantiser puts behind a layer's name
FLOAT_LAYERS = ("Conv", "Gemm", "MatMul")


def quantised_statically(
    network: Network,
    images: CalibrationImages,
    *,
    activations: Activations = "unsigned",
    per_channel: bool = True,
    reduce_range: bool = False,
    calibration: Calibration = "largest",
    leave_out: Sequence[str] = (),
) -> Job[Network]:
    """Weights and activations as 8-bit integers with fixed scales (QuantizeLinear and DequantizeLinear around nodes).

    `leave_out` names layers that stay in floats. Raises BadInput when ONNX Runtime can't quantise the network.
    """

    def work(source: Path, target: Path) -> None:
        from onnxruntime import quantization as q

        q.quantize_static(
            str(source),
            str(target),
            images,
            quant_format=q.QuantFormat.QDQ,
            activation_type=q.QuantType.QUInt8 if activations == "unsigned" else q.QuantType.QInt8,
            weight_type=q.QuantType.QInt8,
            per_channel=per_channel,
            reduce_range=reduce_range,
            calibrate_method=_calibration(calibration),
            nodes_to_exclude=list(leave_out),
            extra_options={"ActivationSymmetric": activations == "signed"},
        )

    def text() -> Progress:
        share = images.done / max(len(images.images), 1)
        return Progress(0.9 * share, f"Calibrating, {images.done} of {len(images.images)} images")

    try:
        return (yield from _through_files(network, work, text))
    finally:
        images.stopped = True


def quantised_dynamically(network: Network, *, per_channel: bool = True, leave_out: Sequence[str] = ()) -> Job[Network]:
    """Weights of fully connected layers as 8-bit integers; the scale of an activation is found anew in each run."""

    def work(source: Path, target: Path) -> None:
        from onnxruntime import quantization as q

        q.quantize_dynamic(
            str(source),
            str(target),
            op_types_to_quantize=["MatMul", "Gemm", "LSTM"],
            per_channel=per_channel,
            weight_type=q.QuantType.QInt8,
            nodes_to_exclude=list(leave_out),
        )

    made = yield from _through_files(network, work, lambda: Progress(0.3, "Quantising"))
    return _named_as_before(made, network)


def _calibration(kind: Calibration) -> object:
    from onnxruntime.quantization import CalibrationMethod

    methods = {
        "largest": CalibrationMethod.MinMax,
        "entropy": CalibrationMethod.Entropy,
        "percentile": CalibrationMethod.Percentile,
    }
    return methods[kind]


def _through_files(network: Network, work: Callable[[Path, Path], None], text: Callable[[], Progress]) -> Job[Network]:
    """Run `work` on the network's file in a thread of its own, so that it can be watched; read what it wrote."""
    failure: list[BaseException] = []

    def run(source: Path, target: Path) -> None:
        try:
            work(source, target)
        except Exception as problem:  # noqa: BLE001 - its errors share no base class
            failure.append(problem)

    with tempfile.TemporaryDirectory(prefix="netbonsai-") as folder, _quiet():
        source, target = Path(folder, "from.onnx"), Path(folder, "to.onnx")
        save(network, source)
        thread = threading.Thread(target=run, args=(source, target), daemon=True)
        thread.start()
        while thread.is_alive():
            yield text()
            thread.join(LOOK_EVERY)
        if failure:
            reason = str(failure[0]).strip().splitlines() or [type(failure[0]).__name__]
            raise BadInput(f"ONNX Runtime can’t quantise “{network.name}”.", f"It says: {reason[0]}") from failure[0]
        model = ir.serde.deserialize_model(onnx.load(target))
    return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)


class _quiet:
    """Its advice on preparing networks goes to the root logger; this one is prepared."""

    def __enter__(self) -> None:
        self._level = logging.root.level
        logging.root.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.root.setLevel(self._level)


def _named_as_before(made: Network, before: Network) -> Network:
    """Layers get back the names that the dynamic quantiser lengthened."""
    names = {node.name for node in before.model.graph}
    model = made.edit()
    for node in model.graph:
        for ending in RENAMED:
            stem = (node.name or "").removesuffix(ending)
            if stem != node.name and stem in names:
                node.name = stem
                break
    return Network.from_model(model, name=made.name, path=made.path, input_recipe=made.input_recipe)
