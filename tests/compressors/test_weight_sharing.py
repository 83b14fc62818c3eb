"""Weight sharing as a step, with and without training."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from compressors import recipe
from compressors.data import DataSet
from compressors.lift import lift
from compressors.method import Context, checked, find, knobs
from compressors.methods.fine_tune import FineTune
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.sharing_values import groups_of, moving_together
from compressors.methods.weight_sharing import STARTS, WeightSharing
from compressors.sharing import START, cluster
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.network import Network
from profiler.progress import drain

torch.set_num_threads(1)

WEIGHTS = ("conv.weight", "fc1.weight", "fc2.weight")


def shared(network: Network, context: Context | None = None, **settings: Any) -> Network:
    return drain(checked(WeightSharing, {"epochs": 0, **settings}).apply(network, context or Context()))


def distinct(network: Network) -> dict[str, int]:
    """Different values that are not zero."""
    return {name: np.unique(w[w != 0]).size for name in WEIGHTS for w in [network.weight(name)]}


def pruned(network: Network) -> Network:
    return drain(checked(MagnitudePruning, {"epochs": 0, "share": 0.8}).apply(network, Context()))


def test_it_is_registered_and_describes_itself():
    assert find("weight_sharing") is WeightSharing
    described = {k.name: k for k in knobs(WeightSharing)}
    assert (described["bits"].low, described["bits"].high) == (1, 16)
    assert all(k.label and k.help for k in described.values())


def test_bits_of_all_layers_and_of_one(tiny: Network):
    assert distinct(shared(tiny, bits=3)) == dict.fromkeys(WEIGHTS, 8)
    one = distinct(shared(tiny, bits=3, per_layer={"fc1": 5}))
    assert one == {"conv.weight": 8, "fc1.weight": 32, "fc2.weight": 8}
    picked = shared(tiny, bits=2, layers=["fc1"])
    assert distinct(picked)["fc1.weight"] == 4
    assert np.array_equal(picked.weight("conv.weight"), tiny.weight("conv.weight"))


def test_biases_and_norms_keep_every_bit(tiny: Network):
    made = shared(tiny, bits=2)
    for name in set(tiny.weights()) - set(WEIGHTS):
        assert made.weight(name).tobytes() == tiny.weight(name).tobytes()


def test_biases_are_shared_where_asked(tiny: Network):
    given = tiny.with_weights({"fc1.bias": np.arange(20, dtype=np.float32)})
    made = shared(given, bits=2, biases=1)
    assert np.unique(made.weight("fc1.bias")).size == 3  # the zero stays, and two values
    assert made.weight("fc1.bias")[0] == 0


def test_pruned_weights_stay_exactly_zero(tiny: Network):
    given = pruned(tiny)
    made = shared(given, bits=2)
    for name in WEIGHTS:
        assert np.array_equal(made.weight(name) == 0, given.weight(name) == 0)
        assert not made.weight(name)[made.weight(name) == 0].view(np.uint32).any()
    assert distinct(made) == dict.fromkeys(WEIGHTS, 4)
    assert (
        np.unique(shared(given, bits=2, keep_zeros=False).weight("fc1.weight")).size == 4
    )  # the zeros are one of them


def test_a_codebook_per_channel(tiny: Network):
    weight = shared(tiny, bits=2, per="channel").weight("fc1.weight")
    assert [np.unique(row).size for row in weight] == [4] * 20
    whole = shared(tiny, bits=2).weight("fc1.weight")
    before = tiny.weight("fc1.weight")
    assert np.square(weight - before).sum() < np.square(whole - before).sum()


def test_values_with_few_digits(tiny: Network):
    made = shared(tiny, bits=4, mantissa=7).weight("fc1.weight")
    assert not (made.view(np.uint32) & 0xFFFF).any()  # a float32 with 7 bits of mantissa is a bfloat16
    assert np.unique(made).size == 16


def test_what_it_found(tiny: Network):
    found: dict[str, Any] = {}
    shared(tiny, Context(found=found.__setitem__), bits=6)
    assert found["shared_values"]["fc1.weight"] == 64
    assert found["shared_values"]["conv.weight"] == 36  # fewer weights than values: each keeps its own


# --------------------------------------------------------------------------------- training


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_trained_values_are_still_shared(tiny: Network, data: DataSet, optimizer: str):
    trained = drain(
        checked(FineTune, {"epochs": 3, "learning_rate": 0.05, "batch": 16}).apply(tiny, Context(data=data, threads=1))
    )
    given, rows, still = pruned(trained), [], []
    context = Context(data=data, learned=rows.append, threads=1)
    rate = {"adam": 0.002, "sgd": 0.0001}[optimizer]
    made = shared(given, context, bits=3, epochs=4, batch=16, learning_rate=rate, optimizer=optimizer)
    for name in WEIGHTS:
        assert np.array_equal(made.weight(name) == 0, given.weight(name) == 0)
    assert all(count <= 8 for count in distinct(made).values())
    assert not np.array_equal(made.weight("fc1.weight"), shared(given, bits=3).weight("fc1.weight"))
    assert rows[-1]["validation"] > 0.9
    # The same images, the same Dropout, and values that stay where they are:
    shared(given, Context(data=data, learned=still.append, threads=1), bits=3, epochs=4, batch=16, learning_rate=0.0)
    assert all(row["loss"] < other["loss"] for row, other in zip(rows, still, strict=True))


def test_members_move_by_the_sum_of_their_gradients(tiny: Network):
    """One step of SGD from the gradients of an untouched copy, worked out by numpy."""
    given = shared(pruned(tiny), bits=2, layers=["fc1"])
    rows = [drain(cluster(given.weight("fc1.weight"), 4))]
    numbers, _ = groups_of(rows, given.weight("fc1.weight").shape)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 1, 8, 8)).astype(np.float32))

    def backward(module: torch.nn.Module) -> torch.nn.Parameter:
        (module(x)[:, 0]).log().sum().backward()
        return module.get_submodule("fc1").weight  # type: ignore[return-value]

    plain = backward(lift(given)).grad
    assert plain is not None
    module = lift(given)
    after = moving_together(given, {"fc1.weight": groups_of(rows, given.weight("fc1.weight").shape)})(module)
    weight = backward(module)
    torch.optim.SGD([weight], lr=0.1).step()
    after(module)
    before = given.weight("fc1.weight")
    expected = before.copy()
    for group in range(1, 5):
        members = numbers == group
        expected[members] = before[members] - 0.1 * plain.numpy()[members].sum()
    assert weight.detach().numpy() == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert not weight.detach().numpy()[before == 0].any()


def test_a_weight_stored_the_other_way_round(data: DataSet):
    """MatMul and Gemm without transB hold inputs × outputs; torch's layer turns them."""
    b = Builder("turned", (1, 8, 8))
    flat = b.flatten("flatten", b.input)
    weight = b.weight("fc.weight", (64, 3), lambda: np.random.default_rng(1).normal(size=(64, 3)).astype(np.float32))
    network = b.network(b.softmax("prob", b.node("MatMul", "fc", [flat, weight])))
    made = shared(network, Context(data=data, threads=1), bits=2, epochs=1, learning_rate=0.01)
    assert np.unique(made.weight("fc.weight")).size == 4
    assert not np.array_equal(made.weight("fc.weight"), shared(network, bits=2).weight("fc.weight"))


def test_digits_are_rounded_after_training(tiny: Network, data: DataSet):
    made = shared(tiny, Context(data=data, threads=1), bits=3, epochs=1, mantissa=4, learning_rate=0.01)
    assert not (made.weight("fc1.weight").view(np.uint32) & (1 << 19) - 1).any()


def test_the_same_seed_gives_the_same_network(tiny: Network, data: DataSet):
    runs = [shared(tiny, Context(data=data, seed=s, threads=1), bits=3, epochs=1).digest for s in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_a_run_cut_off_goes_on_to_the_same_end(tiny: Network, data: DataSet, tmp_path: Any):
    settings = {"bits": 3, "epochs": 3, "batch": 16, "learning_rate": 0.01}
    whole = shared(tiny, Context(data=data, threads=1), **settings)
    context = Context(data=data, folder=tmp_path, threads=1)
    job = checked(WeightSharing, settings).apply(tiny, context)
    while not (tmp_path / "shared.pt").exists():
        next(job)
    job.close()
    assert shared(tiny, context, **settings).digest == whole.digest


def test_without_training_torch_is_never_loaded():
    code = """
import sys
from compressors.method import Context, checked, find
from profiler.progress import drain
from profiler.zoo import build
drain(checked(find("weight_sharing"), {"epochs": 0}).apply(build("LeNet-5"), Context()))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layers": ("fc9",)}, "Did you mean “fc"),
        ({"per_layer": {"fc1": 2.5}}, "“fc1” has 2.5 bits. It takes a whole number from 1 to 16."),
        ({"per_layer": {"fc1": 4}, "layers": ("conv",)}, "not among the picked layers"),
        ({"epochs": 1}, "needs data"),
    ],
)
def test_what_cannot_run_says_why(tiny: Network, settings: dict[str, Any], said: str):
    step = WeightSharing(**{"epochs": 0, **settings})
    assert any(said in sentence for sentence in step.problems(breakdown(tiny), has_data=False))
    with pytest.raises(BadInput):
        drain(step.apply(tiny, Context()))


@pytest.mark.parametrize("bits", [0, 17])
def test_bits_outside_their_range(bits: int):
    with pytest.raises(BadInput, match="outside its range"):
        checked(WeightSharing, {"bits": bits})
    with pytest.raises(BadInput, match="outside its range"):
        checked(WeightSharing, {"per_layer": {"fc1": bits}})


def test_sixteen_bits_change_nothing_of_a_small_layer(tiny: Network):
    assert shared(tiny, bits=16).weight("fc1.weight").tobytes() == tiny.weight("fc1.weight").tobytes()


def test_nan_is_named(tiny: Network):
    broken = np.array(tiny.weight("fc1.weight"))
    broken[3, 4] = np.nan
    with pytest.raises(BadInput, match=r"fc1\.weight.*finite"):
        shared(tiny.with_weights({"fc1.weight": broken}))


def test_a_layer_that_is_constant_or_all_zero(tiny: Network):
    same = tiny.with_weights(
        {"fc1.weight": np.full((20, 256), 0.5, np.float32), "fc2.weight": np.zeros((3, 20), np.float32)}
    )
    made = shared(same, bits=4)
    for name in ("fc1.weight", "fc2.weight"):
        assert np.array_equal(made.weight(name), same.weight(name))


def test_as_a_recipe():
    text = """
version = 1
[[step]]
method = "weight_sharing"
bits = 4
start = "linear"
per_layer = { fc1 = 2 }
"""
    made = recipe.read(text)
    assert recipe.read(recipe.write(made)) == made
    assert made.title() == "Share to 2–4 bits"
    assert WeightSharing(bits=1).summary() == "to 1 bit"
    assert WeightSharing(layers=("fc1", "fc2"), bits=3).summary() == "fc1, fc2 to 3 bits"


def test_values_by_hand_are_the_codebook(tiny: Network):
    values = (-0.5, -0.125, 0.25)
    made = shared(tiny, given={"fc1": values})
    weight, got = tiny.weight("fc1.weight"), made.weight("fc1.weight")
    book = np.array(values, np.float32)
    nearest = book[np.abs(weight[..., None] - book).argmin(-1)]
    assert np.array_equal(got[weight != 0], nearest[weight != 0])
    assert not got[weight == 0].any()
    assert distinct(made)["fc2.weight"] == 32, "other layers are clustered as before"


def test_values_by_hand_are_trained_like_others(tiny: Network, data: DataSet):
    made = shared(tiny, Context(data=data), epochs=1, given={"fc1": (-0.5, 0.25)})
    assert 1 <= distinct(made)["fc1.weight"] <= 2
    assert not set(np.unique(made.weight("fc1.weight")).tolist()) <= {-0.5, 0.0, 0.25}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"given": {"fc9": [0.1]}}, "no layer “fc9”"),
        ({"given": {"fc1": []}}, "has 0 values by hand"),
        ({"given": {"fc1": [0.1]}, "per": "channel"}, "Take one codebook per layer"),
        ({"given": {"fc1": [0.1]}, "layers": ["fc2"]}, "not among the picked layers"),
    ],
)
def test_values_by_hand_that_do_not_fit(tiny: Network, settings: dict[str, Any], words: str):
    said = checked(WeightSharing, {"epochs": 0, **settings}).problems(breakdown(tiny), has_data=False)
    assert any(words in sentence for sentence in said)


def test_a_window_that_shows_it_compiles_nothing():
    code = "import sys, compressors.methods, compressors.packing.estimate; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("value", [{"fc1": "many"}, {"fc1": 0.1}, {"fc1": [True]}, {"fc1": [float("nan")]}, [0.1]])
def test_a_table_of_values_takes_numbers(value: Any):
    with pytest.raises(BadInput, match=r"does not fit|outside its range"):
        checked(WeightSharing, {"given": value})


def test_values_by_hand_go_through_a_recipe_file():
    made = recipe.Recipe((checked(WeightSharing, {"given": {"fc1": [-0.5, 0.25]}}),))
    assert recipe.read(recipe.write(made)) == made
    assert recipe.Recipe.from_plain(made.to_plain()) == made


def test_the_starts_are_those_of_the_arithmetic():
    assert set(STARTS) == set(START)
