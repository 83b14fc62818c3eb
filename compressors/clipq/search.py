"""(p, b) of every layer, found by Bayesian optimisation: the fewest bits at which little accuracy is lost.

Tung and Mori 2018, §3.2, look for the least of “error − λ · bits saved” on held-out training images, with a Gaussian
process. Here the loss is a limit and not a price, so that nobody need choose λ, and the model is a tree-structured
Parzen estimator (Bergstra et al., “Algorithms for Hyper-Parameter Optimization”, NIPS 2011; Optuna, Akiba et al. 2019),
which takes whole numbers and limits as they are.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from compressors.clipq.arithmetic import Setting
from compressors.clipq.trials import Groups, Notes, Trial, best
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    import optuna

FEWEST_KEPT, FEWEST_BITS, MOST_BITS = 0.005, 2, 8
FIRST = ((1.0, 8), (0.5, 6), (0.2, 4))  # (share kept, bits) of every group in the first trials: gentle ones
SAMPLED = 10  # trials before the estimator learns from them: the first ones, and then such as are drawn at random


Measure = Callable[[Mapping[str, Setting]], Job[tuple[float, float]]]
"""Settings → (bits, accuracy)."""


def search(groups: Groups, measure: Measure, *, least: float, trials: int, seed: int, notes: Notes) -> Job[Trial]:
    """The trial with the fewest bits whose accuracy is at least `least`.

    The same seed gives the same trials; what `notes` has of an earlier run is not measured again. Raises BadInput when
    no trial was accurate enough.
    """
    done = list(notes.read())[:trials]
    study = _study(len(groups), done, least)
    for number in range(len(done), trials):
        yield Progress(number / trials, _words(done, least, number, trials))
        study.sampler = _sampler(seed, number)
        asked, kept, widths = _drawn(study, len(groups), _first(number, len(groups)))
        job = measure(Trial(kept, widths).settings(groups))
        bits, accuracy = yield from scaled(job, number / trials, (number + 1) / trials)
        done.append(Trial(kept, widths, bits, accuracy))
        _tell(study, asked, done[-1], least)
        notes.write(done)
    found = best(done, least)
    if found is None:
        raise BadInput(
            f"No setting of {trials} tried keeps {100 * least:.2f} % of the validation images right.",
            f"The best had {100 * max(trial.accuracy for trial in done):.2f} %.",
            "Let it lose more, train longer in each trial, or try more settings.",
        )
    return found


# ----------------------------------------------------------------------------------- optuna


def _study(groups: int, done: Sequence[Trial], least: float) -> optuna.Study:
    """A study in memory that has been told of these trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize", sampler=_sampler(0, 0))
    for trial in done:
        asked, _, _ = _drawn(study, groups, (trial.kept, trial.widths))
        _tell(study, asked, trial, least)
    return study


def _sampler(seed: int, number: int) -> optuna.samplers.TPESampler:
    """One of its own for each trial: what it draws follows from the trials before it and the seed, and nothing else."""
    import numpy as np
    import optuna

    state = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(n_startup_trials=SAMPLED, multivariate=True, seed=state)


def _drawn(
    study: optuna.Study, groups: int, given: tuple[Sequence[float], Sequence[int]] | None
) -> tuple[optuna.Trial, tuple[float, ...], tuple[int, ...]]:
    """A new trial with its shares kept and its bits; the given ones where there are any."""
    shares, widths = [f"kept_{index}" for index in range(groups)], [f"bits_{index}" for index in range(groups)]
    if given is not None:
        kept, bits = given
        study.enqueue_trial(dict(zip(shares, kept, strict=True)) | dict(zip(widths, bits, strict=True)))
    asked = study.ask()
    return (
        asked,
        tuple(asked.suggest_float(name, FEWEST_KEPT, 1.0, log=True) for name in shares),
        tuple(asked.suggest_int(name, FEWEST_BITS, MOST_BITS) for name in widths),
    )


def _first(number: int, groups: int) -> tuple[Sequence[float], Sequence[int]] | None:
    """What the first trials try."""
    return None if number >= len(FIRST) else ((FIRST[number][0],) * groups, (FIRST[number][1],) * groups)


def _tell(study: optuna.Study, asked: optuna.Trial, trial: Trial, least: float) -> None:
    """A trial is good enough when what it lacks of the accuracy is 0 or less."""
    asked.set_constraint("accuracy", least - trial.accuracy)
    study.tell(asked, trial.bits)


def _words(done: Sequence[Trial], least: float, number: int, trials: int) -> str:
    found = best(done, least)
    so_far = f", best so far {found.bits / 8:,.0f} bytes at {100 * found.accuracy:.2f} %" if found else ""
    return f"Searching, setting {number + 1} of {trials}{so_far}"
