"""CLIP-Q as a step: shared values and zeros exactly, full weights that go on learning, resuming, bad input."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from compressors import recipe
from compressors.clipq.arithmetic import Setting, quantised
from compressors.clipq.table import TableRow, markdown, table
from compressors.clipq.while_training import ClippedWeight, clip_while_training, clipped_weights
from compressors.lift import lift
from compressors.lower import lower
from compressors.method import Context, checked, find, knobs
from compressors.methods.clip_q import ClipQ
from compressors.packing import PackedTensor, PackSummary, pack, unpack
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput, Failed
from profiler.network import Network
from profiler.progress import drain

torch.set_num_threads(1)

LAYERS = ("conv", "fc1", "fc2")
TRAINED = {"epochs": 2, "batch": 10, "learning_rate": 0.01}


def made(network, context=None, **settings):
    return drain(checked(ClipQ, {"epochs": 0, **settings}).apply(network, context or Context()))


def values(network, layer):
    return network.weight(f"{layer}.weight")


def test_it_is_registered_and_describes_itself():
    assert find("clip_q") is ClipQ
    described = {k.name: k for k in knobs(ClipQ)}
    assert (described["bits"].low, described["bits"].high) == (2, 16)
    assert all(k.label and k.help for k in described.values())


def test_once_without_training_is_the_arithmetic(tiny):
    out = made(tiny, share=0.6, bits=3)
    for layer in LAYERS:
        assert np.array_equal(values(out, layer), quantised(values(tiny, layer), 0.6, 3).values)
    for name in set(tiny.weights()) - {f"{layer}.weight" for layer in LAYERS}:
        assert out.weight(name).tobytes() == tiny.weight(name).tobytes()


def test_trained_it_has_at_most_two_to_the_b_values_and_the_share_of_zeros(tiny, data):
    out = made(
        tiny, Context(data=data), share=0.5, bits=2, per_layer={"fc1": 0.9}, per_layer_bits={"fc2": 4}, **TRAINED
    )
    for layer, share, bits in (("conv", 0.5, 2), ("fc1", 0.9, 2), ("fc2", 0.5, 4)):
        weight = values(out, layer)
        assert np.unique(weight).size <= 2**bits
        assert abs((weight == 0).sum() - share * weight.size) <= 1  # each sign is rounded by itself
        assert not np.signbit(weight[weight == 0]).any()
        assert not np.array_equal(weight, quantised(values(tiny, layer), share, bits).values)  # it did learn


def test_only_picked_layers_change_their_number_of_values(tiny, data):
    out = made(tiny, Context(data=data), layers=["fc1"], bits=3, **TRAINED)
    assert np.unique(values(out, "fc1")).size <= 8
    assert np.unique(values(out, "conv")).size == values(tiny, "conv").size


def test_the_gradient_of_a_quantised_weight_reaches_the_full_one_and_clipped_ones_come_back():
    """Clip half: ±1 go, ±3 stay. The gradient lifts the first from 1 to 5: it is let in, and 3 goes instead."""
    layer = nn.Linear(4, 1, bias=False)
    layer.weight.data = torch.tensor([[1.0, 3.0, -1.0, -3.0]])
    nn.utils.parametrize.register_parametrization(layer, "weight", ClippedWeight(Setting(0.5, 2)))
    assert layer.weight.tolist() == [[0, 3, 0, -3]]
    layer(torch.tensor([[-4.0, 0.5, 0.0, 0.0]])).backward()
    whole = layer.parametrizations.weight.original
    assert whole.grad.tolist() == [[-4, 0.5, 0, 0]]
    with torch.no_grad():
        whole -= whole.grad
    assert layer.weight.tolist() == [[5, 0, 0, -3]]


def test_the_weight_read_is_the_quantised_one_to_the_last_bit(tiny):
    """`weight + (quantised − weight)` would round differently for each member of a value."""
    module = lift(tiny)
    clip_while_training(module, {"fc1": Setting(0.0, 3)})
    weight = values(lower(module, tiny), "fc1")
    assert np.unique(weight).size <= 8
    assert weight.tobytes() == quantised(values(tiny, "fc1"), 0.0, 3).values.tobytes()


def test_in_eval_mode_what_is_known_is_worked_out_again_when_it_changed(tiny):
    module = lift(tiny).eval()
    clip_while_training(module, {"fc2": Setting(0.5, 2)})
    with torch.no_grad():
        first = module.fc2.weight.clone()
        assert torch.equal(module.fc2.weight, first)
        module.fc2.parametrizations.weight.original.mul_(2)
        assert torch.equal(module.fc2.weight, 2 * first)
        clipped_weights(module, ["fc2"])["fc2"][0].choose(Setting(0.9, 2))
        assert int((module.fc2.weight == 0).sum()) == 54


def test_what_cannot_be_calculated_with_is_said_by_the_training(tiny, data):
    with pytest.raises(Failed, match="no longer a number"):
        made(tiny, Context(data=data), epochs=3, batch=10, learning_rate=10.0, weight_decay=1.0)


def test_layers_that_share_a_weight_share_what_it_becomes(data):
    b = Builder("tied", (1, 8, 8))
    weight = b.weight("w", (64, 64), lambda: np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32) / 8)
    x = b.node("Gemm", "first", [b.flatten("flatten", b.input), weight], transB=1)
    network = b.network(
        b.fc("last", b.relu("relu1", b.node("Gemm", "second", [b.relu("relu", x), weight], transB=1)), 3)
    )
    out = made(network, Context(data=data), layers=["first", "last"], share=0.5, bits=3, **TRAINED)
    assert set(out.weights()) == set(network.weights())
    assert np.unique(out.weight("w")).size <= 8
    assert not np.array_equal(out.weight("w"), quantised(network.weight("w"), 0.5, 3).values)


# ------------------------------------------------------------------------------- the packed file


def test_the_packed_file_has_shared_values(tiny, data, tmp_path):
    found: dict[str, Any] = {}
    context = Context(data=data, found=found.__setitem__)
    out = made(tiny, context, share=0.8, bits=3, layers=["conv", "fc1"], per_layer={"conv": 0.25}, **TRAINED)
    assert found["clip_q"] == {"conv": {"share": 0.25, "bits": 3}, "fc1": {"share": 0.8, "bits": 3}}
    packed = drain(pack(out, tmp_path / "out.nbz"))
    assert packed.packed_bytes == (tmp_path / "out.nbz").stat().st_size
    row = next(row for row in packed.layers if row.layer == "fc1")
    assert row.values == "codebook"
    assert row.distinct is not None
    assert row.distinct <= 8
    # 5,120 weights: an ideal code needs 0.72 bits for where a fifth is, and at most log2 7 for which of seven.
    assert row.packed < 5120 * (0.722 + 0.2 * 2.81) / 8 + 7 * 4 + 60
    assert unpack(tmp_path / "out.nbz").weight("fc1.weight").tobytes() == values(out, "fc1").tobytes()
    rows = table(packed, found["clip_q"])
    assert [r.name for r in rows][-2:] == ["everything else", "overall"]
    assert (rows[-1].original, rows[-1].compressed) == (packed.original_bytes, packed.packed_bytes)
    assert sum(r.compressed for r in rows[:-1]) == packed.packed_bytes


def test_the_table_by_hand():
    def tensor(layer, original, packed):
        return PackedTensor(f"{layer}.weight", layer, original, packed, 10, "relative", 4, "codebook", distinct=4)

    packed = PackSummary(1000, 100, 90, (tensor("a", 600, 40), tensor("b", 300, 30)))
    rows = table(packed, {"a": {"share": 0.96, "bits": 3}})
    assert rows == (
        TableRow("a", 0.96, 3, 600, 40, 10, 4),
        TableRow("everything else", None, None, 400, 60),
        TableRow("overall", None, None, 1000, 100),
    )
    assert [row.rate for row in rows] == [15, pytest.approx(6.667, abs=0.001), 10]
    assert markdown(rows).splitlines()[2] == "| a | 0.96 | 3 | 600 | 40 | 10 | 4 | 15.0 |"


# ------------------------------------------------------------------------------------ resuming


def test_a_training_that_was_cut_off_ends_in_the_same_network(tiny, data, tmp_path):
    settings = {"share": 0.7, "bits": 3, "epochs": 3, "batch": 16}
    whole = made(tiny, Context(data=data), **settings)
    context = Context(data=data, folder=tmp_path)
    job = checked(ClipQ, settings).apply(tiny, context)
    while not (tmp_path / "clip-q.pt").exists():
        next(job)
    job.close()
    assert made(tiny, context, **settings).digest == whole.digest


def test_a_checkpoint_of_another_setting_is_not_taken(tiny, data, tmp_path):
    settings = {"share": 0.7, "bits": 3, "epochs": 1, "batch": 16}
    made(tiny, Context(data=data, folder=tmp_path), **settings)
    other = made(tiny, Context(data=data, folder=tmp_path), **{**settings, "bits": 2})
    assert other.digest == made(tiny, Context(data=data), **{**settings, "bits": 2}).digest


def test_the_same_seed_gives_the_same_network(tiny, data):
    runs = [made(tiny, Context(data=data, seed=seed), **TRAINED).digest for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_without_training_torch_and_optuna_are_never_loaded():
    code = """
import sys
from compressors.method import Context, checked, find
from profiler.progress import drain
from profiler.zoo import build
drain(checked(find("clip_q"), {"epochs": 0}).apply(build("LeNet-5"), Context()))
assert "torch" not in sys.modules and "optuna" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# ----------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layers": ("fc9",)}, "Did you mean “fc"),
        ({"per_layer_bits": {"fc1": 2.5}}, "“fc1” has 2.5 bits. It takes a whole number from 2 to 16."),
        ({"per_layer": {"fc1": 0.4}, "layers": ("conv",)}, "not among the picked layers"),
        ({"per_layer_bits": {"fc1": 4}, "layers": ("conv",)}, "not among the picked layers"),
        ({"share": 1.0}, "Removing 100 % of the weights leaves no network"),
        ({"per_layer": {"fc1": 1.0}}, "Removing 100 % of the weights of “fc1”"),
        ({"epochs": 1}, "needs data"),
        ({"search": True}, "The search needs data"),
    ],
)
def test_what_cannot_run_says_why(tiny, settings, said):
    step = ClipQ(**{"epochs": 0, **settings})
    assert any(said in sentence for sentence in step.problems(breakdown(tiny), has_data=False))
    with pytest.raises(BadInput):
        drain(step.apply(tiny, Context()))


@pytest.mark.parametrize("bits", [0, 1, 17])
def test_bits_outside_their_range(bits):
    for settings in ({"bits": bits}, {"per_layer_bits": {"fc1": bits}}):
        with pytest.raises(BadInput, match="outside its range"):
            checked(ClipQ, settings)


def test_nothing_removed_and_sixteen_bits(tiny):
    """The widest setting moves no weight by more than the width of one of 65,535 intervals."""
    out = made(tiny, share=0.0, bits=16)
    assert values(out, "fc1") == pytest.approx(values(tiny, "fc1"), abs=float(np.ptp(values(tiny, "fc1"))) / 2**15)
    assert np.count_nonzero(values(out, "fc1")) == np.count_nonzero(values(tiny, "fc1"))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_named(tiny, data, broken):
    weight = np.array(values(tiny, "fc1"))
    weight[3, 4] = broken
    with pytest.raises(BadInput, match=r"“fc1” can’t be quantised.*finite"):
        made(tiny.with_weights({"fc1.weight": weight}), Context(data=data), **TRAINED)


def test_a_layer_that_is_constant_or_all_zero(tiny, data):
    same = tiny.with_weights(
        {"fc1.weight": np.full((20, 256), 0.5, np.float32), "fc2.weight": np.zeros((3, 20), np.float32)}
    )
    out = made(same, bits=4, share=0.9)
    for layer in ("fc1", "fc2"):
        assert np.array_equal(values(out, layer), values(same, layer))
    assert np.unique(values(made(same, Context(data=data), **TRAINED), "fc2")).size <= 16


def test_whole_numbers_are_refused():
    import onnx_ir as ir
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((3, 4), np.int8), "w")
    scale = numpy_helper.from_array(np.float32(0.1), "s")
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], name="dequantize"),
        helper.make_node("Transpose", ["d"], ["t"], name="turn"),
        helper.make_node("MatMul", ["x", "t"], ["y"], name="fc"),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, size]) for n, size in (("x", 4), ("y", 3)))
    graph = helper.make_graph(nodes, "g", [x], [y], initializer=[weight, scale])
    network = Network.from_model(ir.from_proto(helper.make_model(graph, ir_version=8)), name="int8")
    with pytest.raises(BadInput, match="“fc” are no floats"):
        made(network)


# ------------------------------------------------------------------------------------ as a recipe


def test_as_a_recipe():
    text = """
version = 1
[[step]]
method = "clip_q"
share = 0.9
bits = 3
per_layer = { fc1 = 0.95 }
per_layer_bits = { fc1 = 2 }
"""
    read = recipe.read(text)
    assert recipe.read(recipe.write(read)) == read
    assert read.title() == "CLIP-Q 90–95 %, 2–3 bits"
    assert ClipQ().summary() == "80 %, 4 bits"
    assert ClipQ(layers=("fc1", "fc2"), search=True).summary() == "fc1, fc2 within 1 pt"
