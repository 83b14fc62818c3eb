"""How long the window ever stops: the longest gap between two ticks of a 16 ms timer in what a person does first.

Prints a table: time to first paint and first answer, then for each act the longest gap. The window is the real one,
offscreen, on a fresh study; every worker is real. Run alone: other work on this computer counts as gaps.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

BEGAN = time.perf_counter()
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

TICK_MS = 16
TRAINING_S = float(os.environ.get("NETBONSAI_BENCH_TRAINING_S", "30"))
LONG_RECIPE = [{"method": "magnitude_pruning", "share": 0.9, "epochs": 200, "shift": 1}]


class Ticks:
    """Collects the gaps between ticks, by act."""

    def __init__(self) -> None:
        self.gaps: dict[str, list[float]] = {}
        self.act = "first paint, background imports, demo opened and measured"
        self.last: float | None = None

    def tick(self) -> None:
        now = time.perf_counter()
        if self.last is not None:
            self.gaps.setdefault(self.act, []).append(1000 * (now - self.last))
        self.last = now

    def rows(self) -> list[tuple[str, int, float, float]]:
        named = {act: sorted(gaps) for act, gaps in self.gaps.items()}
        return [(act, len(gaps), gaps[int(0.99 * (len(gaps) - 1))], gaps[-1]) for act, gaps in named.items()]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(scratch))


def run(scratch: Path) -> None:
    from PySide6.QtCore import QEvent, QObject, QSettings, QTimer

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch / "settings"))
    from app.ui import theme
    from app.ui.desk import Desk
    from app.ui.main import Start, application
    from app.ui.studies import Studies
    from app.ui.window import Window

    app, ticks = application(), Ticks()
    desk = Desk(theme.current())
    studies = Studies(desk, scratch / "studies")
    window = Window(desk, studies)
    start = Start(window, [])
    moments: dict[str, float] = {}
    timer = QTimer()
    timer.setTimerType(timer.timerType().PreciseTimer)
    timer.timeout.connect(ticks.tick)

    class FirstPaint(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and "first paint" not in moments:
                QTimer.singleShot(0, painted)
            return False

    def painted() -> None:
        moments.setdefault("first paint", time.perf_counter() - BEGAN)
        timer.start(TICK_MS)

    def first_answer(study: object) -> None:
        if getattr(study, "candidates", None):
            moments.setdefault("first answer", time.perf_counter() - BEGAN)

    first = FirstPaint()
    desk.study_changed.connect(first_answer)
    window.installEventFilter(start)
    window.installEventFilter(first)
    window.show()
    acts = play(window, desk, studies, ticks, moments)

    def step() -> None:
        wait = next(acts, None)
        if wait is None:
            report(ticks, moments)
            window.close()
            app.quit()
        else:
            until(wait, step)

    def until(condition: Callable[[], bool], then: Callable[[], None]) -> None:
        def look() -> None:
            if condition():
                then()
            else:
                QTimer.singleShot(20, look)

        look()

    QTimer.singleShot(0, step)
    app.exec()


def play(window, desk, studies, ticks: Ticks, moments: dict[str, float]) -> Iterator[Callable[[], bool]]:
    """What a person does, in order; yields what to wait for."""

    def idle() -> bool:
        return desk.workbench is not None and bool(desk.study.candidates) and all(job.ended for job in desk.jobs)

    def pages_made() -> bool:
        return set(window.made) == set(window.entries)

    yield lambda: idle() and pages_made() and bool(desk.study.candidates["A"].profiles)

    ticks.act = "each page shown once"
    for key in window.entries:
        window.show_page(key)
        yield pause(0.4)

    ticks.act = "VGG-16 opened"
    window.show_page("network")
    demo = desk.workbench.folder
    began = time.perf_counter()
    studies.new("VGG-16", lambda workbench: workbench.open_network("zoo:VGG-16"))
    yield lambda: desk.workbench.folder != demo and bool(desk.study.candidates)
    moments["VGG-16 counted and shown"] = time.perf_counter() - began
    yield idle

    ticks.act = "fc6’s histogram fetched"
    window.show_page("compress")
    yield pause(0.2)
    page = window.shown
    page.take_recipe([{"method": "magnitude_pruning", "share": 0.9, "epochs": 0}])
    desk.select_layer("fc6")
    began = time.perf_counter()
    yield lambda: page.editor.plot.shown is not None and page.editor.plot.shown.layer == "fc6"
    moments["fc6’s histogram shown"] = time.perf_counter() - began
    yield pause(1.0)

    ticks.act = "fc6’s threshold dragged, 200 moves"
    reach = abs(page.editor.plot.shown.edges[-1])
    took: list[float] = []
    for number in range(200):
        began = time.perf_counter()
        page.editor.plot.right.moved.emit(reach * (0.02 + 0.4 * number / 200))
        took.append(time.perf_counter() - began)
        yield pause(0.01)
    page.editor.plot.right.settled.emit(reach * 0.2)
    moments["one move of fc6’s threshold, median"] = sorted(took)[100]
    moments["one move of fc6’s threshold, longest"] = max(took)
    yield pause(0.5)

    ticks.act = "the demo study opened again"
    studies.open(demo)
    yield lambda: desk.workbench.folder == demo

    ticks.act = f"{TRAINING_S:g} s of training, curves shown"
    page.start_from("A")
    job = desk.workbench.compress("A", LONG_RECIPE)
    page.lower_card.follow(job)
    yield lambda: any(view.job == job and view.progress and view.progress.figures for view in desk.jobs)
    yield pause(TRAINING_S)

    ticks.act = "training cancelled"
    began = time.perf_counter()
    desk.workbench.cancel(job)
    yield lambda: any(view.job == job and view.ended for view in desk.jobs)
    moments["cancelled after"] = time.perf_counter() - began


def pause(seconds: float) -> Callable[[], bool]:
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= until


def report(ticks: Ticks, moments: dict[str, float]) -> None:
    for name, seconds in moments.items():
        print(f"{name:<42}{seconds:8.3f} s")
    print(f"\n{'act':<62}{'ticks':>7}{'p99 ms':>9}{'longest ms':>12}")
    for act, count, most, longest in ticks.rows():
        print(f"{act:<62}{count:7d}{most:9.1f}{longest:12.1f}")
    print(f"{'in all':<62}{'':7}{'':9}{max(row[3] for row in ticks.rows()):12.1f}")


if __name__ == "__main__":
    main()
