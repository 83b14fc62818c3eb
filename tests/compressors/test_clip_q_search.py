"""The search for (p, b): on a made-up loss whose best setting is known, and on a network that learns."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from compressors.clipq.arithmetic import Setting, quantised
from compressors.clipq.search import search
from compressors.clipq.trials import Notes, Trial, best, groups_of
from compressors.method import Context
from compressors.methods.clip_q import ClipQ
from profiler.errors import BadInput
from profiler.progress import Progress, drain

torch.set_num_threads(1)

GROUPS = (("a",), ("b", "c"))
STEP = ClipQ(search=True, epochs=0, trials=6, trial_images=60, batch=10, max_loss=50)


class Made:
    """Bits: those that stay times their width. Accuracy falls as more goes from “a”, and with few bits in “b”."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Setting]] = []

    def __call__(self, settings):
        self.asked.append(dict(settings))
        yield Progress(0.5, "Measuring")
        bits = sum(1000 * (1 - share) * width for share, width in settings.values())
        return bits, 1 - 0.2 * settings["a"].share - (0.1 if settings["b"].bits < 4 else 0.0)


def found(trials, path=None, measure=None, least=0.9, run="run", seed=0):
    job = search(GROUPS, measure or Made(), least=least, trials=trials, seed=seed, notes=Notes(path, run))
    return drain(job)


def test_groups():
    shapes = {"a": (4, 3), "b": (4, 4), "c": (4, 4), "d": (4, 3)}
    assert groups_of(shapes, "layer") == (("a",), ("b",), ("c",), ("d",))
    assert groups_of(shapes, "shape") == (("a", "d"), ("b", "c"))
    assert groups_of(shapes, "shape", alone=("a", "b")) == (("c",), ("d",))


def test_a_group_has_one_setting_and_shares_are_said_with_four_digits():
    trial = Trial((0.25, 0.123456), (3, 5))
    assert trial.settings(GROUPS) == {"a": Setting(0.75, 3), "b": Setting(0.8765, 5), "c": Setting(0.8765, 5)}


def test_the_best_is_the_smallest_that_is_accurate_enough():
    trials = [Trial((), (), 10, 0.98), Trial((), (), 5, 0.97), Trial((), (), 1, 0.5)]
    assert best(trials, 0.97) == trials[1]
    assert best(trials, 0.975) == trials[0]
    assert best(trials, 0.99) is None


def test_it_comes_near_the_best_setting():
    """At 90 % “a” can lose half (kept 0.5, 2 bits: 1000) while “b” and “c” keep 0.5 % at 4 bits (40): 1,040 bits.

    Or “b” and “c” have 2 bits, and then “a” may lose nothing. Drawn at random, 60 settings reach about 2,500.
    """
    made = found(60)
    assert made.accuracy >= 0.9
    assert made.bits < 1700


def test_what_was_tried_is_not_tried_again_and_the_end_is_the_same(tmp_path):
    whole = found(20, tmp_path / "whole.json")
    path = tmp_path / "cut.json"
    job = search(GROUPS, Made(), least=0.9, trials=20, seed=0, notes=Notes(path, "run"))
    while not path.exists() or len(json.loads(path.read_text())["trials"]) < 13:
        next(job)
    job.close()
    measure = Made()
    assert found(20, path, measure) == whole
    assert len(measure.asked) == 7
    assert json.loads(path.read_text())["trials"] == json.loads((tmp_path / "whole.json").read_text())["trials"]


def test_other_seeds_try_other_settings():
    first, second = Made(), Made()
    found(8, measure=first)
    found(8, measure=second, seed=1)
    assert first.asked[:3] == second.asked[:3]  # the gentle ones
    assert first.asked[3:] != second.asked[3:]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 1, "run": "run", "trials": [3]}', b"\xff"])
def test_notes_that_are_damaged_or_of_another_run_are_passed_over(tmp_path, content):
    path = tmp_path / "notes.json"
    path.write_bytes(content)
    measure = Made()
    found(4, path, measure)
    assert len(measure.asked) == 4
    found(4, path, measure, run="another")
    assert len(measure.asked) == 8


def test_none_is_good_enough():
    with pytest.raises(BadInput, match=r"No setting of 5 tried keeps 101\.00 %") as said:
        found(5, least=1.01)
    assert "The best had 100.00 %" in str(said.value)


# ------------------------------------------------------------------------------- with a network


def applied(tiny, data, step=STEP, **context: Any):
    told: dict[str, Any] = {}
    made = drain(step.apply(tiny, Context(data=data, threads=1, found=told.__setitem__, **context)))
    return made, told


def test_what_was_found_is_what_is_applied(tiny, data):
    made, told = applied(tiny, data)
    for layer, one in told["clip_q"].items():
        expected = quantised(tiny.weight(f"{layer}.weight"), one["share"], one["bits"]).values
        assert (made.weight(f"{layer}.weight") == expected).all()
    assert told["search"]["settings_tried"] == 6
    assert told["search"]["accuracy"] >= told["search"]["baseline"] - 0.5


def test_a_layer_with_a_value_of_its_own_keeps_it(tiny, data):
    _, told = applied(tiny, data, replace(STEP, per_layer={"fc1": 0.33}, per_layer_bits={"conv": 7}))
    assert told["clip_q"]["fc1"] == {"share": 0.33, "bits": 4}
    assert told["clip_q"]["conv"] == {"share": 0.0, "bits": 7}


def test_each_trial_starts_from_the_given_network(tiny, data):
    """The same setting measured twice gives the same figures, whatever was tried between."""
    from compressors.clipq import tuning

    seen = []

    class Watched(tuning._Measuring):
        def __call__(self, settings):
            result = yield from super().__call__({layer: Setting(0.5, 3) for layer in settings})
            seen.append(result)
            return result

    original, tuning._Measuring = tuning._Measuring, Watched
    try:
        applied(tiny, data, replace(STEP, trials=3))
    finally:
        tuning._Measuring = original
    assert seen[0] == seen[1] == seen[2]


def test_the_test_images_are_never_read(tiny, data):
    class Forbidden:
        def __len__(self):
            return 30

        def __getitem__(self, which):
            raise AssertionError("test images were read")

    split = replace(data.split("test"), images=Forbidden())
    applied(tiny, replace(data, splits={**data.splits, "test": split}), replace(STEP, trials=2))


def test_a_search_that_was_cut_off_goes_on(tiny, data, tmp_path):
    _, whole = applied(tiny, data)
    job = STEP.apply(tiny, Context(data=data, threads=1, folder=tmp_path))
    while not (tmp_path / "search.json").exists():
        next(job)
    job.close()
    trials = json.loads((tmp_path / "search.json").read_text())["trials"]
    assert 0 < len(trials) < 6
    _, again = applied(tiny, data, folder=tmp_path)
    assert again == whole


def test_without_held_out_images(tiny, data):
    lacking = replace(data, splits={"train": data.split("train")})
    with pytest.raises(BadInput, match="held-out"):
        applied(tiny, lacking)


def test_nothing_to_search_for(tiny, data):
    with pytest.raises(BadInput, match="nothing to search"):
        applied(tiny, data, replace(STEP, layers=("fc1",), per_layer={"fc1": 0.5}))
