"""Pruning while training: the schedule, masks that only grow, and masks that let weights back in."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from compressors.method import Context
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.pruning_schedule import Masked, Schedule, removed_at, steps_of
from compressors.methods.rule import Rule
from profiler.breakdown import breakdown
from profiler.progress import drain

LAYERS = ("conv", "fc1", "fc2")


def pruned(network, data, way, **knobs):
    step = MagnitudePruning(way=way, batch=10, **{"share": 0.75, "epochs": 4, **knobs})
    return drain(step.apply(network, Context(data=data)))


def zeros(network):
    return sum(int((network.weight(f"{layer}.weight") == 0).sum()) for layer in LAYERS)


def total(network):
    return sum(network.weight(f"{layer}.weight").size for layer in LAYERS)


def test_the_share_rises_fast_and_then_slowly():
    """Zhu and Gupta 2017, equation 1, with s_i = 0 and s_f = 1: 1 − (1 − t)³."""
    assert [removed_at(t) for t in (0, 0.25, 0.5, 1, 2)] == [0, 1 - 27 / 64, 7 / 8, 1, 1]


def test_steps():
    assert steps_of(90, 10, 4) == 36
    assert steps_of(91, 10, 4) == 40


@pytest.mark.parametrize("way", ["gradual", "surgery"])
def test_exactly_the_share_is_gone_at_the_end(way, tiny, data):
    made = pruned(tiny, data, way)
    assert zeros(made) == round(0.75 * total(tiny))
    assert made.weight("fc1.bias").all() or not tiny.weight("fc1.bias").all()  # biases are never pruned


@pytest.mark.parametrize("way", ["gradual", "surgery"])
def test_each_layer_has_its_own_share(way, tiny, data):
    made = pruned(tiny, data, way, by="per_layer", per_layer={"fc1": 0.9})
    assert (made.weight("fc1.weight") == 0).sum() == round(0.9 * made.weight("fc1.weight").size)
    assert (made.weight("fc2.weight") != 0).all()


@pytest.mark.parametrize("way", ["gradual", "surgery"])
def test_what_was_pruned_before_stays_pruned(way, tiny, data):
    weight = tiny.weight("fc1.weight").copy()
    weight[:, :7] = 0
    made = pruned(tiny.with_weights({"fc1.weight": weight}), data, way, share=0.3)
    assert not made.weight("fc1.weight")[:, :7].any()


@pytest.mark.parametrize("way", ["gradual", "surgery"])
def test_a_training_that_was_cut_off_ends_in_the_same_network(way, tiny, data, tmp_path):
    step = MagnitudePruning(way=way, share=0.75, epochs=4, batch=10)
    whole = drain(step.apply(tiny, Context(data=data)))
    job = step.apply(tiny, Context(data=data, folder=tmp_path))
    for progress in job:
        if progress.text.startswith("Epoch 2"):
            break
    job.close()
    assert list(tmp_path.iterdir())
    again = drain(step.apply(tiny, Context(data=data, folder=tmp_path)))
    assert again.digest == whole.digest


def schedule(weights, *, regrow, share, steps):
    layer = nn.Linear(len(weights), 1, bias=False)
    layer.weight.data = torch.tensor([weights])
    parametrize.register_parametrization(layer, "weight", Masked(layer.weight, regrow=regrow))
    root = nn.Sequential(layer)
    return layer, Schedule(root, {"fc": layer}, Rule("share", share), steps), root


def test_a_cut_weight_goes_on_learning_and_comes_back():
    """Four weights, half of them cut. The gradient lifts the first, which was cut; by then the second is smaller."""
    layer, after, _ = schedule([0.1, 0.2, 3.0, 4.0], regrow=True, share=0.5, steps=400)
    after.draw(after.rule, last=False)
    assert layer.weight.tolist() == [[0.0, 0.0, 3.0, 4.0]]
    (-layer.weight[0, 0]).backward()  # wants it larger
    whole = layer.parametrizations.weight.original
    assert whole.grad.tolist() == [[-1.0, 0.0, 0.0, 0.0]]
    with torch.no_grad():
        whole -= 5.0 * whole.grad
    with torch.no_grad():
        after.draw(after.rule, last=False)
    assert layer.weight.tolist() == [[pytest.approx(5.1), 0.0, 0.0, 4.0]]


def test_a_weight_near_the_threshold_does_not_come_back_until_the_masks_stand():
    """0.25 is cut at first. When 0.2 falls, the rule would let 0.25 in, at 1.05 times the threshold: within 10 %."""
    layer, after, _ = schedule([0.238, 0.25, 3.0, 0.24], regrow=True, share=0.5, steps=400)
    whole = layer.parametrizations.weight.original
    with torch.no_grad():
        whole[0, 1] = 0.1
        after.draw(after.rule, last=False)
        assert layer.weight.tolist() == [[0.0, 0.0, 3.0, pytest.approx(0.24)]]
        whole[0, 1] = 0.25
        after.draw(after.rule, last=False)
        assert layer.weight.tolist() == [[0.0, 0.0, 3.0, 0.0]]  # 0.25 ≤ 1.1 · 0.24: in doubt, it stays cut
        after.draw(after.rule, last=True)
        assert layer.weight.tolist() == [[0.0, 0.25, 3.0, 0.0]]


def test_without_regrowth_a_cut_weight_has_no_gradient_and_never_returns():
    layer, after, _ = schedule([0.1, 0.2, 3.0, 4.0], regrow=False, share=0.5, steps=400)
    with torch.no_grad():
        after.draw(after.rule, last=False)
    layer.weight.sum().backward()
    whole = layer.parametrizations.weight.original
    assert whole.grad.tolist() == [[0.0, 0.0, 1.0, 1.0]]
    with torch.no_grad():
        whole[0, 0] = 9.0
        after.draw(after.rule, last=False)
    assert layer.weight.tolist() == [[0.0, 0.0, 3.0, 4.0]]


def test_masks_are_drawn_on_the_way_and_stand_for_the_last_quarter():
    layer, after, root = schedule([float(n) for n in range(1, 101)], regrow=False, share=0.5, steps=40)
    cut = [int((layer.weight == 0).sum()) for _ in range(40) if after(root) is None]
    assert cut == sorted(cut)
    assert cut[14] == round(50 * 7 / 8)  # half of the 30 steps of the rise
    assert cut[29:] == [50] * 11


def test_it_needs_training_and_one_round(tiny):
    counted = breakdown(tiny)
    assert any("epochs" in said for said in MagnitudePruning(way="gradual", epochs=0).problems(counted, has_data=True))
    assert any("one round" in said for said in MagnitudePruning(way="surgery", rounds=2).problems(counted, True))
    assert not MagnitudePruning(way="surgery").problems(counted, has_data=True)


def test_regrowth_keeps_other_weights_than_one_shot(tiny, data):
    """Not a claim that it is better: only that masks did change while it learnt."""
    first = np.abs(tiny.weight("fc1.weight"))
    small = first < np.quantile(first, 0.75)
    made = pruned(tiny, data, "surgery", by="per_layer", per_layer={"fc1": 0.75}, epochs=8, learning_rate=0.1)
    assert (made.weight("fc1.weight")[small] != 0).any()
