"""Jobs that the tests of the workers run: importable, so that a worker process can find them."""

import os
import signal
import time
from pathlib import Path

from app.facts import Renamed
from profiler.errors import BadInput
from profiler.progress import Progress


def counting(settings):
    """Yields steadily; leaves a note when it was closed."""
    try:
        for step in range(settings.get("steps", 10)):
            time.sleep(settings.get("pause", 0.01))
            yield Progress((step + 1) / settings.get("steps", 10), f"step {step + 1}")
        yield Renamed("A", "renamed by the worker")
        return {"message": "counted"}
    finally:
        if "note" in settings:
            Path(settings["note"]).write_text("closed")


def learning(settings):
    """Two finished epochs, then a third that takes its time."""
    for epoch in (1, 2):
        yield Progress(epoch / 8, f"Epoch {epoch} of 8", {"epoch": epoch, "loss": 1 / epoch})
        yield Progress(epoch / 8, f"Epoch {epoch} of 8", {"epoch": epoch, "loss": 1 / epoch, "validation": 0.9})
    for _ in range(3000):
        time.sleep(0.01)
        yield Progress(0.3, "Epoch 3 of 8", {"epoch": 3, "loss": 0.2})


def plodding(settings):
    """One step that takes long, behind the end of an epoch."""
    yield Progress(0.25, "Epoch 1 of 4", {"epoch": 1, "loss": 0.5, "validation": 0.9})
    time.sleep(2)
    yield Progress(0.5, "Epoch 2 of 4", {"epoch": 2, "loss": 0.4})
    return {}


def stubborn(settings):
    """Does not yield for a long time, like one huge matrix product."""
    yield Progress(0.0, "begin")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        sum(range(10_000))
    yield Progress(1.0, "never seen")


def crashing(settings):
    yield Progress(0.5, "about to crash")
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)
    yield Progress(1.0)


def refusing(settings):
    yield Progress(0.1, "looking")
    raise BadInput("That is no network.", "It is a poem.", "Give a network.")


def double(settings):
    return {"double": 2 * settings["number"], "pid": os.getpid()}
