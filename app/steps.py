"""What a job yields as it runs: how far it is, and facts for the study."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from app.facts import Fact
from profiler.progress import Progress

T = TypeVar("T")
Steps = Generator[Progress | Fact, None, T]


def part(steps: Steps[T], start: float, stop: float) -> Steps[T]:
    """`scaled`, for jobs that also yield facts."""
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            if isinstance(step, Progress):
                step = Progress(start + (stop - start) * step.fraction, step.text, step.figures)
            yield step
    finally:
        steps.close()
