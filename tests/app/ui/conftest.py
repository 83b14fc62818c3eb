"""A window over a real study, without a screen, a worker or the user's own settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["NETBONSAI_SCALE"] = "1"

from PySide6.QtCore import QCoreApplication, QEvent, QSettings

from app.facts import (
    CandidateBorn,
    DataChosen,
    Evaluated,
    Fact,
    Packed,
    Profiled,
    Stored,
    StudyNamed,
)
from app.ui import theme
from app.ui.desk import Desk
from app.ui.page import Page
from app.ui.pages import PageEntry
from app.ui.studies import Studies
from app.ui.window import Window
from app.workbench import Workbench
from profiler.breakdown import Breakdown
from profiler.costs import count
from profiler.measurement import DeviceFacts, LayerTiming, Profile, ProfileSettings
from profiler.zoo import build

NETWORK = PageEntry("network", "Network", "tree-structure", "app.ui.network_page", "NetworkPage")
BLANK = PageEntry("compress", "Compress", "scissors", "tests.app.ui.blank_page", "BlankPage")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """Nothing is read from or written to what the user has."""
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))


@pytest.fixture
def at_once(monkeypatch) -> None:
    """Pages show the news when the event loop turns; with this they do it when it comes."""
    monkeypatch.setattr(Page, "freshen", lambda page, *_: page.refresh())


@pytest.fixture(autouse=True)
def light(qapp) -> Iterator[None]:
    theme.apply(qapp, theme.LIGHT, 1.0)
    yield
    # Qt keeps what is deleted later until an event loop ends: the sheet would dress every widget of every test anew.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    theme.apply(qapp, theme.LIGHT, 1.0)


class StillWorkers:
    """Takes jobs and questions, and keeps them: the test says when they end."""

    def __init__(self) -> None:
        self.started: list[tuple[str, object, str, dict]] = []
        self.asked: list[tuple[str, dict]] = []
        self.answers: dict[str, dict] = {
            "app.questions:zoo": {"networks": [{"name": "AlexNet", "title": "eight layers", "source": "lecture"}]},
            "app.questions:devices": {"devices": [{"name": "cpu", "cores": 4, "model": "Test board"}]},
            "app.questions:open_sizes": {"inputs": {}},
        }
        self.cancelled: list[str] = []

    def start(self, lane: str, task, function: str, settings: dict) -> None:
        self.started.append((lane, task, function, settings))

    def ask(self, function: str, settings: dict) -> Future:
        self.asked.append((function, settings))
        answer: Future = Future()
        answer.set_result(self.answers.get(function, {}))
        return answer

    def cancel(self, job: str, grace: float = 1.5) -> None:
        self.cancelled.append(job)

    def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def alexnet() -> Breakdown:
    return count(build("AlexNet"))


@pytest.fixture(scope="session")
def lenet5() -> Breakdown:
    return count(build("LeNet-5"))


def profiled(breakdown: Breakdown, ms: float) -> Profile:
    """Convolutions take twice as long as everything else, `ms` in all."""
    parts = {layer.name: 2.0 if layer.kind == "conv" else 1.0 for layer in breakdown.layers}
    each = {name: 1000 * ms * part / sum(parts.values()) for name, part in parts.items()}
    timings = tuple(LayerTiming(name, (name,), (us, us, us)) for name, us in each.items())
    return Profile(
        "a" * 64, DeviceFacts("cpu"), ProfileSettings(), "2026-01-02T03:04:05Z", (ms,) * 5, (ms,) * 5, timings
    )


@pytest.fixture
def facts(lenet5: Breakdown) -> list[Fact]:
    """A measured baseline, B made from it with a tenth of the weights, C made from B and not measured."""
    return [
        StudyNamed("LeNet-5 on digits"),
        DataChosen("digits", "digits", tuple("0123456789"), {"test": 1000}),
        CandidateBorn("A", None, "Baseline", "object:" + "a" * 64, "lenet.onnx", lenet5, 431_080),
        Stored("A", "a" * 64, 1_725_000, 431_080),
        Evaluated("A", "digits", "test", 0.989, None, 989, 1000),
        Profiled("A", "cpu", profiled(lenet5, 0.30)),
        CandidateBorn(
            "B", "A", "Prune to 10 %", "object:" + "b" * 64, "lenet-B.onnx", lenet5, 43_108,
            layer_nonzero={"conv1": 300, "conv2": 2_500, "fc1": 39_000, "fc2": 800},
        ),
        Evaluated("B", "digits", "test", 0.987, None, 987, 1000),
        Packed("B", "b" * 64, 1_725_000, 160_000, 150_000, ()),
        Profiled("B", "cpu", profiled(lenet5, 0.29)),
        CandidateBorn("C", "B", "B + prune to 5 %", "object:" + "c" * 64, "lenet-C.onnx", lenet5, 21_554),
    ]  # fmt: skip


@pytest.fixture
def workers() -> StillWorkers:
    return StillWorkers()


@pytest.fixture
def workbench(tmp_path: Path, facts: list[Fact], workers: StillWorkers) -> Iterator[Workbench]:
    made = Workbench(tmp_path / "study", workers)  # type: ignore[arg-type]
    made.record(*facts, undoable=False)
    yield made
    made.close()


@pytest.fixture
def desk(qapp, workbench: Workbench) -> Iterator[Desk]:
    made = Desk()
    made.attach(workbench)
    yield made
    made.detach()


@pytest.fixture
def window(qtbot, qapp, workbench: Workbench, tmp_path: Path) -> Window:
    """The frame with the Network page and a blank second one, 1440 × 900, shown and active."""
    made_desk = Desk()
    studies = Studies(made_desk, tmp_path / "studies")
    made = Window(made_desk, studies, (NETWORK, BLANK))
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    made_desk.attach(workbench)
    made.activateWindow()
    qtbot.waitUntil(lambda: made.isVisible())
    qapp.processEvents()
    return made
