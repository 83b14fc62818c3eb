"""The graph of a network of three thousand layers: how long until it is seen, and how fluid it is then.

Builds a residual network with the builder (300 blocks of ten layers), opens a study on it with real workers, and shows
the Graph view offscreen. Prints the time of the layout alone, from asking to the first picture (folded, and all blocks
open), and the frames a second while zooming and panning, each frame a real wheel or mouse event and the paint event
that follows. The look lane's worker is started before, as the window does. Run alone: where others use the
processors, frames wait for them; the processor's own time of the worst frame stands beside.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("NETBONSAI_SCALE", "1")

BLOCKS = int(os.environ.get("NETBONSAI_BENCH_BLOCKS", "300"))
SIZES = ((820, 520), (1600, 1000))
FRAMES = 120


def residual(blocks: int):
    """A stem, four stages of bottleneck blocks, a classifier. Few channels: only the structure counts here."""
    from profiler.builder import Builder

    b = Builder("residual", (3, 32, 32))
    x = b.relu("relu", b.batch_norm("bn1", b.conv("conv1", b.input, 16, kernel=3, pad=1, bias=False)))
    for block in range(blocks):
        stage, place = divmod(block, -(-blocks // 4))
        name, skip = f"layer{stage + 1}.{place}", x
        for number, (kernel, pad) in enumerate(((1, 0), (3, 1), (1, 0)), start=1):
            x = b.conv(f"{name}.conv{number}", x, 16, kernel=kernel, pad=pad, bias=False)
            x = b.batch_norm(f"{name}.bn{number}", x)
            x = b.relu(f"{name}.relu{number}", x) if number < 3 else x
        x = b.relu(f"{name}.relu", b.add(f"{name}.add", x, skip))
    return b.network(b.fc("fc", b.flatten("flatten", b.global_average_pool("pool", x)), 10))


def main() -> None:
    from profiler.breakdown import breakdown

    began = time.perf_counter()
    counted = breakdown(residual(BLOCKS))
    print(f"{len(counted.layers)} layers built and counted in {time.perf_counter() - began:.1f} s\n")
    layouts(counted)
    with tempfile.TemporaryDirectory() as scratch:
        run(counted, Path(scratch))


def layouts(counted) -> None:
    """The layout alone, in this process."""
    from app.graph import ALL, drawn

    print(f"{'layout':<34}{'boxes':>7}{'median s':>10}{'longest s':>11}")
    for name, opened in (("first look (folded)", None), ("all blocks open", (ALL,))):
        took = []
        for _ in range(5):
            began = time.perf_counter()
            drawing = drawn(counted, opened, (900, 560))
            took.append(time.perf_counter() - began)
        print(f"{name:<34}{len(drawing.nodes):7d}{median(took):10.3f}{max(took):11.3f}")
    print()


def run(counted, scratch: Path) -> None:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch / "settings"))
    app = QApplication([])
    from app.facts import CandidateBorn, StudyNamed
    from app.ui import theme
    from app.ui.desk import Desk
    from app.ui.network.graph_view import GraphView
    from app.workbench import Workbench

    theme.apply(app, theme.LIGHT, 1.0)
    desk = Desk()
    workbench = Workbench(scratch / "study")
    totals = counted.totals()
    workbench.record(
        StudyNamed("graph"), CandidateBorn("A", None, "Baseline", "zoo:none", "residual", counted, totals.params)
    )
    desk.attach(workbench)
    workbench.ask("warm", {}).result()  # as the window does while nobody waits
    candidate = desk.study.candidates["A"]
    for size in SIZES:
        print(f"window of {size[0]} x {size[1]}")
        view = GraphView(desk)
        view.resize(*size)
        view.show()
        app.processEvents()
        first = seen(app, view, lambda v=view: v.show_candidate(candidate, None))
        print(f"  asked to first picture, folded        {first:8.3f} s")
        print(f"  asked to picture, all blocks open     {seen(app, view, view.folding.click):8.3f} s")
        fluidity(app, view)
        view.close()
        print()
    workbench.close()


def seen(app, view, act) -> float:
    """From an act to the end of the paint event that shows its answer."""
    before = view.canvas.scene
    began = time.perf_counter()
    act()
    while view.canvas.scene is before or view.canvas.scene is None:
        app.processEvents()
        time.sleep(0.001)
    view.canvas.repaint()
    return time.perf_counter() - began


def fluidity(app, view) -> None:
    from PySide6.QtCore import QPointF

    canvas = view.canvas
    head = f"{'boxes':>7}{'median fps':>12}{'worst fps':>11}{'worst CPU ms':>14}"
    print(f"  {'scale':<26}{'act':<6}{head}")
    for name, scale in (("fit", None), ("names just read", 0.36), ("figures just read", 0.64), ("full size", 1.0)):
        canvas.fit()
        if scale is not None:
            canvas.zoom(scale / canvas.camera.scale, QPointF(canvas.width() / 2, canvas.height() / 2))
        boxes = len(canvas.scene.boxes_in(canvas.camera.room(canvas.window_size)))
        for act, frames in (("pan", pan(app, canvas)), ("zoom", zoom(app, canvas))):
            tell(name, act, boxes, frames)
    tell("fit to full size and back", "zoom", "", zoom_through(app, canvas))


def frame(app, canvas, event) -> tuple[float, float]:
    """One event, the picture it leads to, and what that leaves to be done: seconds, and seconds of the processor."""
    began, worked = time.perf_counter(), time.process_time()
    app.sendEvent(canvas, event)
    canvas.repaint()
    app.processEvents()
    return time.perf_counter() - began, time.process_time() - worked


def tell(name: str, act: str, boxes: object, frames: list[tuple[float, float]]) -> None:
    wall, work = zip(*frames, strict=True)
    print(f"  {name:<26}{act:<6}{boxes!s:>7}{1 / median(wall):12.0f}{1 / max(wall):11.0f}{1000 * max(work):14.1f}")


def pan(app, canvas) -> list[tuple[float, float]]:
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    def mouse(kind, at, buttons=Qt.MouseButton.LeftButton):
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        return QMouseEvent(kind, at, canvas.mapToGlobal(at), left, buttons, none)

    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    app.sendEvent(canvas, mouse(QEvent.Type.MouseButtonPress, middle))
    took = []
    for number in range(FRAMES):
        away = 7.0 * (number if number < FRAMES / 2 else FRAMES - number)
        took.append(frame(app, canvas, mouse(QEvent.Type.MouseMove, middle + QPointF(away, away / 2))))
    app.sendEvent(canvas, mouse(QEvent.Type.MouseButtonRelease, middle, Qt.MouseButton.NoButton))
    return took


def wheel(canvas, turned):
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent

    at = QPointF(canvas.width() / 2, canvas.height() / 2)
    none = Qt.KeyboardModifier.NoModifier
    return QWheelEvent(
        at, canvas.mapToGlobal(at), QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip


def zoom(app, canvas) -> list[tuple[float, float]]:
    """In and out by a tenth: at about the same scale."""
    return [frame(app, canvas, wheel(canvas, 12 if number % 10 < 5 else -12)) for number in range(FRAMES)]


def zoom_through(app, canvas) -> list[tuple[float, float]]:
    """Sizes at which nothing was painted yet."""
    canvas.fit()
    return [frame(app, canvas, wheel(canvas, 40 if number < FRAMES / 2 else -40)) for number in range(FRAMES)]


if __name__ == "__main__":
    main()
