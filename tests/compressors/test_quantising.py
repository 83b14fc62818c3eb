"""int8 and fp16: the files that ONNX Runtime's quantisers make of our networks, and training that rounds as they do."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from compressors.evaluate import evaluate
from compressors.method import Context, checked, find
from compressors.methods.fine_tune import FineTune
from compressors.methods.four_bit import FourBit
from compressors.methods.half_precision import HalfPrecision
from compressors.methods.int8 import Int8
from compressors.quantising.calibration import CalibrationImages, chosen
from compressors.quantising.fake import FakeActivation, FakeWeight
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.formats import read
from profiler.network import save
from profiler.progress import drain


@pytest.fixture
def learnt(tiny, data):
    return drain(FineTune(epochs=8, learning_rate=0.05, batch=10).apply(tiny, Context(data=data)))


def accuracy(network, data, folder):
    path = folder / f"{network.digest[:16]}.onnx"
    save(network, path)
    return drain(evaluate(path, network.input_recipe, data.split("test"))).accuracy


def layers(network):
    return {layer.name: layer for layer in breakdown(network).layers if layer.kind != "other"}


@pytest.mark.parametrize(
    "step",
    [
        Int8(),
        Int8(activations="signed"),
        Int8(per_channel=False),
        Int8(calibration="entropy"),
        Int8(reduce_range=True),
        Int8(scales="dynamic"),
        Int8(epochs=2, learning_rate=0.001),
    ],
    ids=lambda step: f"{step.summary()} {step.calibration} {step.per_channel} {step.reduce_range}",
)
def test_layers_keep_their_names_and_accuracy(step, learnt, data, tmp_path):
    made = drain(step.apply(learnt, Context(data=data)))
    assert layers(made).keys() == layers(learnt).keys() == {"conv", "fc1", "fc2"}
    for name, layer in layers(made).items():
        assert layer.macs == layers(learnt)[name].macs
    assert accuracy(learnt, data, tmp_path) == 1.0  # stripes that anyone can tell apart
    assert accuracy(made, data, tmp_path) >= 0.9


def test_weights_are_bytes(learnt, data):
    made = drain(Int8().apply(learnt, Context(data=data)))
    kinds = {made.weight(layer.weight).dtype for layer in layers(made).values()}
    assert kinds == {np.dtype(np.int8)}
    fc1 = made.weight(layers(made)["fc1"].weight).astype(float)
    scales = made.weight("fc1.weight_scale")
    was = learnt.weight("fc1.weight")
    assert scales == pytest.approx(np.abs(was).max(axis=1) / 127, rel=1e-5)  # symmetric, one an output channel
    assert np.abs(fc1 * scales[:, np.newaxis] - was).max() <= scales.max() / 2 * 1.001


def test_a_layer_that_is_left_out_stays_in_floats(learnt, data):
    made = drain(Int8(leave_out=("conv",)).apply(learnt, Context(data=data)))
    assert made.weight(layers(made)["conv"].weight).dtype == np.float32
    assert made.weight(layers(made)["fc2"].weight).dtype == np.int8


def test_signed_and_unsigned_activations(learnt, data):
    for choice, kind in (("unsigned", np.uint8), ("signed", np.int8)):
        made = drain(Int8(activations=choice).apply(learnt, Context(data=data)))
        assert made.weight("input_zero_point").dtype == kind


def test_a_batch_that_the_graph_fixes_is_kept_to(learnt, data):
    fixed = learnt.with_input_shapes({"": (4, 1, 8, 8)})
    made = drain(Int8(samples=3).apply(fixed, Context(data=data)))
    assert list(made.inputs.values()) == [(4, 1, 8, 8)]


def test_calibration_reads_the_training_images_in_even_steps(tiny, data):
    part = chosen(data, 9)
    train = data.split("train")
    assert [int(label) for label in part.labels] == [int(train.labels[i]) for i in range(0, 90, 10)]
    images = CalibrationImages(tiny, part)
    first = next(images)["input"]
    assert first.shape == (1, 1, 8, 8)
    assert first[0, 0] * 255 == pytest.approx(train.images[0][..., 0].astype(float), abs=1e-3)
    assert len(list(images)) == 8


@pytest.mark.parametrize(
    ("step", "has_data", "said"),
    [
        (Int8(), False, "Static scales need images"),
        (Int8(scales="dynamic", epochs=1), False, "needs data to train"),
        (Int8(leave_out=("conf",)), True, "Did you mean “conv”?"),
        (Int8(leave_out=("conv", "fc1", "fc2")), True, "Every layer is left out"),
    ],
)
def test_what_stands_in_the_way(step, has_data, said, tiny):
    assert any(said in sentence for sentence in step.problems(breakdown(tiny), has_data))


def test_twice_is_refused(learnt, data):
    once = drain(Int8().apply(learnt, Context(data=data)))
    for step in (Int8(), HalfPrecision()):
        assert "already" in " ".join(step.problems(breakdown(once), has_data=True))


def test_the_recipe_knows_them():
    assert checked(find("int8"), {"scales": "dynamic"}).summary() == "dynamic"
    assert checked(find("half_precision"), {}).summary() == ""
    with pytest.raises(BadInput):
        checked(find("int8"), {"activations": "s4"})


# ------------------------------------------------------------------ training that rounds


def test_a_rounded_weight_lies_on_the_grid_of_its_channel():
    weight = torch.tensor([[1.27, 0.004, -0.5], [0.0, 0.0, 0.0], [-2.54, 1.001, 0.03]])
    rounded = FakeWeight(axis=0)(weight)
    # by hand: scales 0.01 and 0.02; 0.004 -> 0, 1.001 / 0.02 = 50.05 -> 50, 0.03 / 0.02 = 1.5 -> 2 (even)
    expected = torch.tensor([[1.27, 0.0, -0.5], [0.0, 0.0, 0.0], [-2.54, 1.0, 0.04]])
    assert torch.allclose(rounded, expected, atol=1e-6)


def test_gradients_pass_straight_through():
    weight = torch.tensor([[1.0, -0.3]], requires_grad=True)
    FakeWeight(axis=0)(weight).sum().backward()
    assert weight.grad.tolist() == [[1.0, 1.0]]


def test_activations_follow_a_moving_average_and_hold_still_in_use():
    fake = FakeActivation()
    fake(torch.tensor([0.0, 2.55]))
    fake(torch.tensor([0.0, 5.10]))
    assert fake.bounds.tolist() == pytest.approx([0.0, 0.99 * 2.55 + 0.01 * 5.10])
    fake.eval()
    before = fake.bounds.tolist()
    assert float(fake(torch.tensor([100.0]))) == pytest.approx(before[1], rel=1e-6)  # cut off at the top
    assert fake.bounds.tolist() == before


def test_what_was_pruned_stays_zero_through_training_and_quantising(learnt, data):
    weight = learnt.weight("fc1.weight").copy()
    weight[:, ::2] = 0
    made = drain(Int8(epochs=1).apply(learnt.with_weights({"fc1.weight": weight}), Context(data=data)))
    assert not made.weight(layers(made)["fc1"].weight)[:, ::2].any()


# ------------------------------------------------------------------ fp16


def test_halves_take_half_and_answer_alike(learnt, data, tmp_path):
    made = drain(HalfPrecision().apply(learnt, Context()))
    assert {kind for _, kind in made.weights().values()} == {np.dtype(np.float16)}
    halves = made.weight("fc1.weight").astype(np.float32)
    assert halves == pytest.approx(learnt.weight("fc1.weight"), rel=2**-11, abs=2**-25)  # 11 bits; subnormals by 2⁻²⁴
    assert layers(made).keys() == layers(learnt).keys()
    assert accuracy(made, data, tmp_path) == 1.0
    path = tmp_path / "half.onnx"
    save(made, path)
    assert breakdown(read(path)).totals().weight_bytes == breakdown(learnt).totals().weight_bytes / 2


def test_a_weight_beyond_half_precision_is_refused():
    b = Builder("large", (2,))
    network = b.network(b.fc("fc", b.input, 2)).with_weights({"fc.bias": np.array([0.0, 7e4])})
    with pytest.raises(BadInput, match="65504"):
        drain(HalfPrecision().apply(network, Context()))


# ------------------------------------------------------------------ 4 bits


def test_four_bits_take_an_eighth_and_answer_alike(learnt, data, tmp_path):
    made = drain(FourBit().apply(learnt, Context()))
    assert layers(made).keys() == layers(learnt).keys()
    assert layers(made)["fc1"].weight_bytes == 20 * 256 / 2
    assert layers(made)["fc1"].macs == layers(learnt)["fc1"].macs
    assert made.weight(layers(made)["conv"].weight).dtype == np.float32
    assert accuracy(made, data, tmp_path) >= 0.9


def test_each_weight_is_within_half_a_step_of_its_block(tmp_path):
    """16 inputs a block: the scale is the largest magnitude ÷ 8 (symmetric, −8 … 7), so half a step is 1/16 of it."""
    b = Builder("blocks", (64,))
    network = b.network(b.fc("fc", b.input, 3))
    made = drain(FourBit(block="16").apply(network, Context()))
    path = tmp_path / "four.onnx"
    save(made, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    columns = session.run(None, {"input": np.eye(64, dtype=np.float32)})[0] - network.weight("fc.bias")
    was = network.weight("fc.weight").T
    largest = np.abs(was).reshape(4, 16, 3).max(axis=1, keepdims=True)
    wrong = np.abs(columns - was).reshape(4, 16, 3) / largest
    clipped = 1 / 8  # a positive largest weight is cut at 7 steps of 8
    assert wrong.max() <= clipped * 1.001
    assert np.median(wrong) <= 1 / 16


def test_the_runtime_multiplies_four_bits_also_where_a_relu_follows(tmp_path):
    """Each layer becomes its kernel MatMulNBits; as a Gemm with Relu fused to it, all weights were widened each run."""
    b = Builder("relus", (64,))
    network = b.network(b.fc("fc2", b.relu("relu", b.fc("fc1", b.input, 96)), 8))
    made = drain(FourBit().apply(network, Context()))
    save(made, tmp_path / "four.onnx")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "run.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(tmp_path / "four.onnx", options, providers=["CPUExecutionProvider"])
    run = onnx.load(tmp_path / "run.onnx")
    assert sorted(node.op_type for node in run.graph.node) == ["MatMulNBits", "MatMulNBits", "Relu", "Sub", "Sub"]


def test_a_picked_layer_alone(learnt):
    made = drain(FourBit(layers=("fc2",)).apply(learnt, Context()))
    assert layers(made)["fc1"].weight_bytes == (20 * 256 + 20) * 4  # with its bias
    assert layers(made)["fc2"].weight_bytes == 3 * 20 / 2


@pytest.mark.parametrize(("picks", "said"), [(("conv",), "no fully connected layer"), (("fc3",), "Did you mean")])
def test_what_cannot_take_four_bits(picks, said, tiny):
    assert said in " ".join(FourBit(layers=picks).problems(breakdown(tiny), has_data=False))
