"""Magnitude pruning, with and without training."""

import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from compressors.data import DataSet
from compressors.lift import lift
from compressors.method import Context, checked, find, knobs
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.retraining import rescale_dropout, zeros_kept
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.network import Network
from profiler.progress import Job, Progress, drain
from profiler.zoo import build

torch.set_num_threads(1)

WEIGHTS = ("conv.weight", "fc1.weight", "fc2.weight")
SIZES = {"conv.weight": 36, "fc1.weight": 5120, "fc2.weight": 60}


def kept(network: Network) -> dict[str, int]:
    return {name: int(np.count_nonzero(network.weight(name))) for name in WEIGHTS}


def bits(weight: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(weight).view(np.uint32)


def prune(network: Network, context: Context | None = None, **settings: Any) -> Network:
    step = checked(MagnitudePruning, {"epochs": 0, **settings})
    return drain(step.apply(network, context or Context()))


def test_it_is_registered_and_describes_itself():
    assert find("magnitude_pruning") is MagnitudePruning
    described = {k.name: k for k in knobs(MagnitudePruning)}
    assert list(described)[:2] == ["by", "share"]
    assert (described["share"].low, described["share"].high, described["share"].default) == (0.0, 1.0, 0.9)
    assert all(k.label and k.help for k in described.values())


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.915, 0.9999])
def test_a_global_share_is_exact_to_one_weight(tiny: Network, share: float):
    pruned = prune(tiny, share=share)
    assert sum(kept(pruned).values()) == 5216 - math.floor(5216 * share + 0.5)


def test_a_global_share_has_one_threshold(tiny: Network):
    pruned = prune(tiny, share=0.8)
    stays = np.concatenate([np.abs(w[w != 0]) for w in map(pruned.weight, WEIGHTS)])
    goes = np.concatenate([np.abs(tiny.weight(n)[pruned.weight(n) == 0]) for n in WEIGHTS])
    assert goes.max() <= stays.min()


def test_the_same_share_of_each_layer(tiny: Network):
    assert kept(prune(tiny, share=0.75, scope="layer")) == {name: size // 4 for name, size in SIZES.items()}


def test_only_the_picked_layers(tiny: Network):
    assert kept(prune(tiny, share=0.5, layers=["fc1", "fc2"]))["conv.weight"] == 36
    assert kept(prune(tiny, by="per_layer", per_layer={"fc2": 0.5})) == {**SIZES, "fc2.weight": 30}
    assert kept(prune(tiny, share=0.5, scope="layer", per_layer={"conv": 0.25})) == {
        "conv.weight": 27, "fc1.weight": 2560, "fc2.weight": 30
    }  # fmt: skip


def test_a_threshold(tiny: Network):
    pruned = prune(tiny, by="threshold", threshold=0.1)
    for name in WEIGHTS:
        before = tiny.weight(name)
        assert np.array_equal(pruned.weight(name), np.where(np.abs(before) > np.float32(0.1), before, 0))


def test_deviations_are_those_of_each_layer(tiny: Network):
    pruned = prune(tiny, by="deviations", deviations=1.0)
    for name in WEIGHTS:
        before = tiny.weight(name)
        assert kept(pruned)[name] == np.count_nonzero(np.abs(before) > before.std(dtype=np.float64))


def test_biases_norms_and_what_stays_keep_every_bit(tiny: Network):
    pruned = prune(tiny, share=0.9)
    for name in tiny.weights():
        stays = pruned.weight(name) != 0 if name in WEIGHTS else np.ones(tiny.weight(name).shape, bool)
        assert np.array_equal(bits(pruned.weight(name))[stays], bits(tiny.weight(name))[stays])
    assert all(not bits(pruned.weight(name))[pruned.weight(name) == 0].any() for name in WEIGHTS)  # +0.0


def test_the_given_network_is_left_as_it_is(tiny: Network):
    before = {name: tiny.weight(name).tobytes() for name in tiny.weights()}
    prune(tiny, share=0.9)
    assert {name: tiny.weight(name).tobytes() for name in tiny.weights()} == before


def test_without_training_torch_is_never_loaded():
    code = """
import sys
from compressors.method import Context, checked, find
from profiler.progress import drain
from profiler.zoo import build
step = checked(find("magnitude_pruning"), {"share": 0.9, "epochs": 0})
drain(step.apply(build("LeNet-5"), Context()))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rounds_without_training_end_at_the_share(tiny: Network):
    assert sum(kept(prune(tiny, share=0.9, rounds=3)).values()) == 522  # 5216 − 4694.4, to the nearest


# -------------------------------------------------------------------------------- training


def test_retraining_learns_and_keeps_every_zero(tiny: Network, data: DataSet):
    rows: list[Any] = []
    context = Context(data=data, learned=rows.append, threads=1)
    pruned = prune(tiny, context, share=0.8, rounds=2, epochs=3, learning_rate=0.05, batch=16)
    assert sum(kept(pruned).values()) == 5216 - 4173
    assert [row["epoch"] for row in rows] == [1, 2, 3, 1, 2, 3]
    assert rows[-1]["validation"] > 0.9
    assert not np.array_equal(pruned.weight("fc1.bias"), tiny.weight("fc1.bias"))
    assert all(not bits(pruned.weight(name))[pruned.weight(name) == 0].any() for name in WEIGHTS)


def test_the_same_seed_gives_the_same_network(tiny: Network, data: DataSet):
    digests = {prune(tiny, Context(data=data, seed=seed, threads=1), share=0.5, epochs=1).digest for seed in (3, 3, 4)}
    assert len(digests) == 2


def test_a_run_cut_off_goes_on_to_the_same_end(tiny: Network, data: DataSet, tmp_path: Any):
    settings = {"share": 0.8, "rounds": 2, "epochs": 2, "batch": 16}
    whole = prune(tiny, Context(data=data, threads=1), **settings)
    folder = tmp_path / "run"
    folder.mkdir()
    context = Context(data=data, folder=folder, threads=1)
    job = checked(MagnitudePruning, settings).apply(tiny, context)
    while not (folder / "round-2.pt").exists():  # the first epoch of the second round is done
        next(job)
    job.close()
    seen: list[str] = []
    again = drain(checked(MagnitudePruning, settings).apply(tiny, context), lambda step: seen.append(step.text))
    assert again.digest == whole.digest
    assert seen.count("Epoch 2 of 2") >= 1
    assert "Epoch 1 of 2" not in seen  # nothing that was finished is trained again


def test_zeros_come_back_as_plus_zero_after_a_step():
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight[0] = 0.0
        layer.bias[0] = 0.0
    put_back = zeros_kept(layer)
    with torch.no_grad():
        layer.weight.fill_(-1.0)
        layer.bias.fill_(-1.0)
    put_back(layer)
    assert layer.weight.tolist() == [[0.0] * 3, [-1.0] * 3]
    assert not torch.signbit(layer.weight[0]).any()
    assert layer.bias.tolist() == [-1.0, -1.0]  # a bias that happens to be zero may learn


def test_dropout_falls_with_the_connections_of_the_layer_before_it(tiny: Network):
    """Han 2015 §3.2: D_r = D_o·√(C_r / C_o); 0.5 with a quarter of the connections left is 0.25."""
    module = lift(tiny)
    rescale_dropout(module, {"conv": 0.64, "fc1": 0.25, "fc2": 0.01})
    rates = {name: sub.p for name, sub in module.named_modules() if isinstance(sub, nn.Dropout)}
    assert rates == pytest.approx({"drop0": 0.4, "drop1": 0.25})


# ---------------------------------------------------------------------------------- search


def measuring(curve: Any, asked: list[str]) -> Any:
    """An `evaluate` whose accuracy is a function of how many weights are zero, and that notes the split."""

    def evaluate(network: Network, split: str) -> Job[float]:
        asked.append(split)
        yield Progress(0.0)
        return curve(1 - sum(kept(network).values()) / 5216)

    return evaluate


def test_the_search_finds_the_edge(tiny: Network, data: DataSet):
    found: dict[str, Any] = {}
    asked: list[str] = []
    # Accuracy 0.9 falls by one point for each ten points of share from 0.5 on: 2 points are lost at 0.7.
    curve = measuring(lambda removed: 0.9 - 0.1 * max(0.0, removed - 0.5), asked)
    context = Context(data=data, evaluate=curve, found=found.__setitem__)
    pruned = prune(tiny, context, share=0.95, search=True, max_loss=2)
    removed = 1 - sum(kept(pruned).values()) / 5216
    assert 0.7 - 0.95 / 256 <= removed <= 0.7001
    assert found["share"] == pytest.approx(removed, abs=1e-3)
    assert set(asked) == {"validation"}


def test_the_search_takes_all_where_nothing_is_lost(tiny: Network, data: DataSet):
    asked: list[str] = []
    context = Context(data=data, evaluate=measuring(lambda _: 0.9, asked))
    assert sum(kept(prune(tiny, context, share=0.95, search=True)).values()) == 5216 - 4955
    assert len(asked) == 2  # before, and at once the whole


def test_the_search_changes_nothing_where_everything_loses(tiny: Network, data: DataSet):
    context = Context(data=data, evaluate=measuring(lambda removed: float(removed == 0), []))
    assert prune(tiny, context, share=0.95, search=True, max_loss=1).weight("conv.weight").all()


# -------------------------------------------------------------------------------- bad input


def said(network: Network, has_data: bool = True, **settings: Any) -> list[str]:
    return checked(MagnitudePruning, settings).problems(breakdown(network), has_data)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layers": ["fc3"]}, "no layer “fc3”. Did you mean “fc"),
        ({"by": "per_layer", "per_layer": {"covn": 0.5}}, "Did you mean “conv”"),
        ({"per_layer": {"covn": 0.5}}, "Did you mean “conv”"),
        ({"layers": ["relu1"]}, "“relu1” has no weights"),
        ({"layers": ["fc1"], "per_layer": {"fc2": 0.5}}, "not among the picked layers"),
        ({"by": "per_layer"}, "nothing would be removed"),
        ({"share": 1.0}, "100 %"),
        ({"per_layer": {"fc1": 1.0}}, "“fc1”"),
    ],
)
def test_what_cannot_run_is_said(tiny: Network, settings: dict[str, Any], words: str):
    (sentence,) = said(tiny, **settings)
    assert words in sentence
    with pytest.raises(BadInput, match="Magnitude pruning"):
        prune(tiny, **settings)


def test_data_are_needed_to_train_and_to_search(tiny: Network):
    assert said(tiny, has_data=False, epochs=0) == []
    assert "needs data to train" in said(tiny, has_data=False, epochs=1)[0]
    assert "search needs data" in said(tiny, has_data=False, epochs=0, search=True)[0]


def test_thresholds_may_be_large(tiny: Network):
    assert said(tiny, by="threshold", threshold=5.0, per_layer={"fc1": 2.0}) == []


def test_a_layer_that_is_emptied_is_reported(tiny: Network):
    found: dict[str, Any] = {}
    prune(tiny, Context(found=found.__setitem__), by="threshold", threshold=0.0, per_layer={"conv": 100.0})
    assert found == {"emptied": ["conv"]}


def test_a_network_without_layers_is_refused():
    from profiler.builder import Builder

    b = Builder("plain", (1, 8, 8))
    assert "no convolution" in said(b.network(b.relu("relu", b.input)))[0]


def test_whole_numbers_are_refused():
    import onnx_ir as ir
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((3, 4), np.int8), "w")
    scale = numpy_helper.from_array(np.float32(0.1), "s")
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], name="dequantize"),
        helper.make_node("MatMul", ["x", "t"], ["y"], name="fc"),
        helper.make_node("Transpose", ["d"], ["t"], name="turn"),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, size]) for n, size in (("x", 4), ("y", 3)))
    graph = helper.make_graph([nodes[0], nodes[2], nodes[1]], "g", [x], [y], initializer=[weight, scale])
    network = Network.from_model(ir.from_proto(helper.make_model(graph, ir_version=8)), name="int8")
    with pytest.raises(BadInput, match="whole numbers"):
        prune(network, share=0.5)


# ----------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"share": 0.92}, "to 8 %"),
        ({"share": 0.915}, "to 8.5 %"),
        ({"share": 0.995}, "to 0.5 %"),
        ({"share": 0.91, "layers": ("fc6", "fc7", "fc8")}, "fc 91 %"),
        ({"share": 0.91, "layers": ("fc1", "fc2")}, "fc1, fc2 91 %"),
        ({"share": 0.9, "layers": ("conv1", "conv2", "fc1")}, "3 layers 90 %"),
        ({"by": "threshold", "threshold": 0.02}, "|w| ≤ 0.02"),
        ({"by": "deviations", "deviations": 1.5}, "|w| ≤ 1.5 σ"),
        ({"by": "per_layer", "per_layer": {"fc1": 0.9}}, "fc1 90 %"),
        ({"by": "per_layer", "per_layer": {"a": 0.9, "b": 0.8, "c": 0.7}}, "3 layers"),
        ({"search": True, "max_loss": 0.5}, "within 0.5 pt"),
    ],
)
def test_a_summary_in_a_few_words(settings: dict[str, Any], words: str):
    assert replace(MagnitudePruning(), **settings).summary() == words


def test_any_network_of_the_zoo_is_pruned_by_array_maths():
    pruned = prune(build("ResNet-8"), share=0.6, scope="layer")
    for layer in breakdown(pruned).layers:
        if layer.weight is not None and layer.kind != "other":
            weight = pruned.weight(layer.weight)
            assert np.count_nonzero(weight) == weight.size - math.floor(0.6 * weight.size + 0.5)
