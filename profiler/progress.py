"""Long work as a generator: it yields progress, returns its value, and is cancelled by closing it."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a job is: `fraction` 0 to 1, one line of text, and figures by name (`loss`, `accuracy`)."""

    fraction: float
    text: str = ""
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


Job = Generator[Progress, None, T]
"""A job yields `Progress` at least twice a second and returns its value. `finally` is its only clean-up."""


def scaled(job: Job[T], start: float, stop: float) -> Job[T]:
    """`job` as one part of a longer one: its fractions 0..1 become start..stop."""
    try:
        while True:
            step = next(job)
            yield replace(step, fraction=start + (stop - start) * step.fraction)
    except StopIteration as end:
        return end.value
    finally:
        job.close()


def drain(job: Job[T], tell: Callable[[Progress], None] | None = None) -> T:
    """Run a job to its end and return its value; `tell` is called with each step."""
    try:
        while True:
            step = next(job)
            if tell is not None:
                tell(step)
    except StopIteration as end:
        return end.value
    finally:
        job.close()
