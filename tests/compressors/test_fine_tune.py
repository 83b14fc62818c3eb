"""Fine-tuning: it learns, and what was pruned stays pruned unless told otherwise."""

from typing import Any

import numpy as np
import pytest
import torch

from compressors.data import DataSet
from compressors.method import Context, checked, find
from compressors.methods.fine_tune import FineTune
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.network import Network
from profiler.progress import drain

torch.set_num_threads(1)

QUICK: dict[str, Any] = {"epochs": 3, "learning_rate": 0.05, "batch": 16}


def tuned(network: Network, data: DataSet, **settings: Any) -> Network:
    step = checked(FineTune, {**QUICK, **settings})
    return drain(step.apply(network, Context(data=data, threads=1)))


@pytest.fixture
def holed(tiny: Network) -> Network:
    """The network with every second weight of fc1 gone, and one bias that happens to be zero."""
    weight, bias = tiny.weight("fc1.weight").copy(), np.ones(20, np.float32)
    weight[:, ::2] = 0
    bias[3] = 0
    return tiny.with_weights({"fc1.weight": weight, "fc1.bias": bias})


def test_it_is_registered():
    assert find("fine_tune") is FineTune


def test_zeros_stay_and_the_rest_learns(holed: Network, data: DataSet):
    after = tuned(holed, data)
    assert not np.ascontiguousarray(after.weight("fc1.weight")[:, ::2]).view(np.uint32).any()
    assert (after.weight("fc1.weight")[:, 1::2] != holed.weight("fc1.weight")[:, 1::2]).mean() > 0.5
    assert after.weight("fc1.bias")[3] != 0  # a bias is no connection: it learns


def test_zeros_may_be_given_up(holed: Network, data: DataSet):
    assert np.count_nonzero(tuned(holed, data, keep_zeros=False).weight("fc1.weight")[:, ::2]) > 0


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_it_learns_with_either_optimizer(tiny: Network, data: DataSet, optimizer: str):
    rows: list[Any] = []
    rate = 0.05 if optimizer == "sgd" else 0.005
    step = checked(FineTune, {**QUICK, "optimizer": optimizer, "learning_rate": rate, "shift": 1})
    drain(step.apply(tiny, Context(data=data, learned=rows.append, threads=1)))
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["validation"] > 0.9


def test_no_epochs_change_nothing(tiny: Network, data: DataSet):
    assert tuned(tiny, data, epochs=0) is tiny


def test_without_data_it_says_so(tiny: Network):
    assert "needs data" in FineTune().problems(breakdown(tiny), has_data=False)[0]
    assert FineTune().problems(breakdown(tiny), has_data=True) == []
    with pytest.raises(BadInput, match="needs data"):
        drain(FineTune().apply(tiny, Context()))


def test_images_of_another_size_are_refused(tiny: Network, data: DataSet):
    from profiler.builder import Builder

    b = Builder("classes", (1, 8, 8))
    network = b.network(b.fc("fc", b.flatten("flatten", b.input), 7))
    with pytest.raises(BadInput, match="3 classes"):
        tuned(network, data)


@pytest.mark.parametrize(("epochs", "words"), [(1, "1 epoch"), (5, "5 epochs")])
def test_a_summary(epochs: int, words: str):
    assert FineTune(epochs=epochs).summary() == words
