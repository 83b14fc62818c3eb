"""Recipes: written and read again, refused with the step's number, named, and run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import assets
from compressors import recipe
from compressors.data import DataSet
from compressors.method import Context
from compressors.methods.fine_tune import FineTune
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.recipe import Recipe
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.network import Network
from profiler.progress import Progress, drain

torch.set_num_threads(1)

BY_HAND = """
version = 1
seed = 7

[[step]]
method = "magnitude_pruning"
by = "share"
share = 0.91
layers = ["fc1", "fc2"]
epochs = 0
[step.per_layer]
fc2 = 0.5

[[step]]
method = "fine_tune"
enabled = false
epochs = 2
"""


def test_read_by_hand():
    read = recipe.read(BY_HAND)
    prune = MagnitudePruning(by="share", share=0.91, layers=("fc1", "fc2"), epochs=0, per_layer={"fc2": 0.5})
    assert read == Recipe((prune, FineTune(epochs=2)), seed=7, off=frozenset({1}))


def test_from_a_file(tmp_path: Path):
    (tmp_path / "r.toml").write_text(BY_HAND, encoding="utf-8")
    assert recipe.read(tmp_path / "r.toml") == recipe.read(str(tmp_path / "r.toml")) == recipe.read(BY_HAND)


def test_what_is_written_is_read_again():
    given = recipe.read(BY_HAND)
    assert recipe.read(recipe.write(given)) == given
    assert Recipe.from_plain(given.to_plain(), seed=7) == given


def test_every_knob_is_written_out():
    text = recipe.write(Recipe((FineTune(),)))
    assert all(line in text.splitlines() for line in ("version = 1", 'optimizer = "sgd"', "keep_zeros = true"))


RECIPES = ["demo.toml", *sorted(path.name for path in assets.path("recipes").glob("lenet5-mnist-*.toml"))]


@pytest.mark.parametrize("name", RECIPES)
def test_the_recipes_that_ship_fit_lenet(name: str):
    from profiler.zoo import build

    read = recipe.read(assets.path(f"recipes/{name}"))
    assert recipe.problems(read, breakdown(build("LeNet-5")), has_data=True) == []


STEP = '[[step]]\nmethod = "fine_tune"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version = 2\n" + STEP, "newer NetBonsai .recipe version 2."),
        ('version = "1"\n', "version '1'"),
        ("version = 0\n", "version 0"),
        ("x = = 1\n", "not valid TOML.*line 1"),
        ("sed = 1\n", "no setting “sed”"),
        ("seed = -1\n", "seed is -1"),
        ("seed = true\n", "seed is True"),
        ("step = 5\n", "no list of steps"),
        ('[step]\nmethod = "fine_tune"\n', "two brackets"),
        (STEP + "[[step]]\nepochs = 1\n", "Step 2: It names no method"),
        (STEP + '[[step]]\nmethod = "svd"\n', "Step 2: There is no method “svd”.*fine_tune, .*magnitude_pruning"),
        (STEP + "epoch = 1\n", "Step 1: .*no knob “epoch”.*epochs"),
        (STEP + STEP + "epochs = 1.5\n", "Step 2: .*“epochs” is 1.5.*whole number"),
        (STEP + "epochs = -1\n", "Step 1: .*range.*0 to 1000"),
        (STEP + "epochs = true\n", "whole number"),
        (STEP + "learning_rate = nan\n", "range"),
        (STEP + 'optimizer = "lion"\n', "one of sgd, adam"),
        (STEP + "keep_zeros = 1\n", "true or false"),
        (STEP + 'enabled = "no"\n', "“enabled” is 'no'"),
        ('[[step]]\nmethod = "magnitude_pruning"\nlayers = "fc1"\n', "list of layer names"),
        ('[[step]]\nmethod = "magnitude_pruning"\nlayers = [1]\n', "list of layer names"),
        ('[[step]]\nmethod = "magnitude_pruning"\nper_layer = {fc1 = "all"}\n', "takes numbers"),
        ('[[step]]\nmethod = "magnitude_pruning"\nthreshold = inf\n', "range"),
        ('[[step]]\nmethod = "magnitude_pruning"\nthreshold = -0.1\n', "range"),
    ],
)
def test_a_recipe_that_cannot_be_used(text: str, words: str):
    with pytest.raises(BadInput, match=words):
        recipe.read(text)


def test_a_file_that_is_no_recipe(tmp_path: Path):
    with pytest.raises(BadInput, match=r"gone\.toml.*can’t be read"):
        recipe.read(tmp_path / "gone.toml")
    (tmp_path / "r.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        recipe.read(tmp_path / "r.toml")
    (tmp_path / "r.toml").write_text(STEP + "x = 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"“r\.toml” can’t be used"):
        recipe.read(tmp_path / "r.toml")


PRUNE = {"method": "magnitude_pruning", "share": 0.92}
TUNE = {"method": "fine_tune", "epochs": 4}


@pytest.mark.parametrize(
    ("steps", "title"),
    [
        ([PRUNE], "Prune to 8 %"),
        ([PRUNE, TUNE], "Prune to 8 % + fine-tune"),
        ([PRUNE, PRUNE, TUNE], "Prune to 8 % + 2 more"),
        ([{**PRUNE, "share": 0.91, "layers": ["fc6", "fc7", "fc8"]}], "Prune fc 91 %"),
        ([{**PRUNE, "layers": ["features.block1", "features.block2"]}], "Prune features.block1…"),
        ([TUNE], "Fine-tune 4 epochs"),
        ([{**PRUNE, "enabled": False}, TUNE], "Fine-tune 4 epochs"),
        ([{**TUNE, "enabled": False}], "No steps"),
        ([], "No steps"),
    ],
)
def test_a_title_of_at_most_24_characters(steps: list[dict[str, Any]], title: str):
    assert Recipe.from_plain(steps).title() == title
    assert len(title) <= 24


def test_problems_carry_the_index_of_their_step(tiny: Network):
    steps = [
        {**PRUNE, "epochs": 0},
        {**PRUNE, "layers": ["fc9"], "enabled": False},
        {**PRUNE, "layers": ["fc9"], "epochs": 0},
        TUNE,
    ]
    found = recipe.problems(Recipe.from_plain(steps), breakdown(tiny), has_data=False)
    assert [index for index, _ in found] == [2, 3]
    assert "“fc9”" in found[0][1]
    assert "data" in found[1][1]


# ------------------------------------------------------------------------------------- run


def run(network: Network, steps: list[dict[str, Any]], context: Context, **more: Any) -> recipe.Applied:
    return drain(recipe.apply(Recipe.from_plain(steps, **more), network, context))


def test_steps_run_in_order_and_say_what_they_did(tiny: Network, data: DataSet):
    steps = [
        {**PRUNE, "share": 0.5, "scope": "layer", "epochs": 1, "batch": 16},
        {**TUNE, "epochs": 2, "batch": 16},
        {**TUNE, "enabled": False},
    ]
    applied = run(tiny, steps, Context(data=data, threads=1))
    assert np.count_nonzero(applied.network.weight("fc1.weight")) == 2560
    assert [(row["step"], row["epoch"]) for row in applied.training] == [(1, 1), (2, 1), (2, 2)]
    assert [(info["step"], info["method"]) for info in applied.steps] == [(1, "magnitude_pruning"), (2, "fine_tune")]
    assert all(info["seconds"] >= 0 for info in applied.steps)


def test_what_a_step_found_is_kept(tiny: Network):
    steps = [{"method": "magnitude_pruning", "by": "threshold", "threshold": 100.0, "layers": ["conv"], "epochs": 0}]
    assert run(tiny, steps, Context()).steps[0]["found"] == {"emptied": ["conv"]}


def test_the_recipes_seed_rules(tiny: Network, data: DataSet):
    steps = [{**TUNE, "epochs": 1}]
    first = run(tiny, steps, Context(data=data, seed=1, threads=1), seed=5).network.digest
    assert run(tiny, steps, Context(data=data, seed=2, threads=1), seed=5).network.digest == first
    assert run(tiny, steps, Context(data=data, seed=1, threads=1), seed=6).network.digest != first


def test_progress_rises_from_step_to_step(tiny: Network, data: DataSet):
    seen: list[Progress] = []
    steps = [{**PRUNE, "epochs": 2, "rounds": 2}, {**TUNE, "epochs": 2}]
    drain(recipe.apply(Recipe.from_plain(steps), tiny, Context(data=data, threads=1)), seen.append)
    fractions = [step.fraction for step in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_checkpoints_have_a_folder_a_step(tiny: Network, data: DataSet, tmp_path: Path):
    steps = [{**PRUNE, "epochs": 1}, {**TUNE, "epochs": 1}]
    run(tiny, steps, Context(data=data, folder=tmp_path, threads=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-1-magnitude_pruning", "step-2-fine_tune"]
    assert (tmp_path / "step-1-magnitude_pruning" / "round-1.pt").is_file()


def test_nothing_runs_where_a_later_step_cannot(tiny: Network, tmp_path: Path):
    with pytest.raises(BadInput, match=r"Step 2 of the recipe cannot run.*needs data"):
        run(tiny, [{**PRUNE, "epochs": 0}, TUNE], Context(folder=tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_empty_recipe_changes_nothing(tiny: Network):
    assert run(tiny, [], Context()).network is tiny


@pytest.mark.slow
def test_the_demo_leaves_an_eighth_and_loses_half_a_point_at_most(tmp_path: Path):
    """Twelve times smaller than LeNet-5 as it ships, on digits that neither training nor choosing has seen."""
    from compressors.data import open_data
    from compressors.evaluate import evaluate
    from profiler.formats import read
    from profiler.network import save

    data, before = open_data("digits"), read("zoo:LeNet-5-digits")
    demo = recipe.read(assets.path("recipes/demo.toml"))
    after = drain(recipe.apply(demo, before, Context(data=data, threads=1))).network
    left = sum(np.count_nonzero(after.weight(name)) for name in after.weights())
    assert left <= 431_080 / 8
    correct: list[int] = []
    for name, network in (("before.onnx", before), ("after.onnx", after)):
        save(network, tmp_path / name)
        correct.append(drain(evaluate(tmp_path / name, network.input_recipe, data.split("test"))).correct)
    assert correct[0] >= 0.98 * 2000
    assert correct[1] >= correct[0] - 0.005 * 2000, correct
