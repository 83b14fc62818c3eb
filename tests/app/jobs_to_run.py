"""Jobs that the tests of the workers run: importable, so that a worker process can find them."""

import os
import signal
import time
from pathlib import Path

from app.facts import Renamed
from profiler.errors import BadInput, Failed
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


def betraying(settings):
    """Says its secret, as a careless board might, and dies of it."""
    yield Progress(0.5, f"logging in with {settings['secret']}")
    raise Failed(f"The board said {settings['secret']}.", "Try again.", f"login: {settings['secret']}")


def side_by_side(settings):
    """Waits until as many of its kind run as it was told, and says so; each leaves a note while it runs."""
    folder = Path(settings["folder"]) / "running"
    folder.mkdir(exist_ok=True)
    note = folder / settings["device"]
    note.write_text("")
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            yield Progress(0.5, "waiting for the others")
            together = sorted(path.name for path in folder.iterdir())
            if len(together) >= settings["batches"][0]:
                time.sleep(0.5)  # so that the others see it too
                return {"message": " ".join(together)}
            time.sleep(0.02)
        return {"message": "alone"}
    finally:
        note.unlink()


def watching(settings):
    """Figures without end, ten times a second."""
    count = 0
    while True:
        count += 1
        yield Progress(0.0, "Watching", {"power_w": 5.0, "count": float(count)})
        time.sleep(0.1)


def vanishing(settings):
    yield Progress(0.0, "Watching", {"power_w": 5.0})
    raise Failed("The line broke.")


def reaching(settings):
    """Two steps as fast as a board on the desk takes them, each told with those before it, and then the end."""
    yield Progress(0.2, "address: 127.0.0.1")
    yield Progress(0.4, "address: 127.0.0.1\nkey: ED25519")
    raise Failed("The line broke.")
