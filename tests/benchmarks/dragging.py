"""What one move of a hand costs in the window on AlexNet (61 M weights): prediction, editor and table follow it.

Prints, for a threshold, a shared value and a layer's bits, the median and the longest of 60 moves on fc6 (37.7 M
weights) in milliseconds, painting of what changed included, and how long the worker needs for centroids and pattern.
The window is the real page, offscreen; the worker is real. Run alone.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

MOVES = 60
STEPS = [
    {"method": "magnitude_pruning", "share": 0.9, "epochs": 0},
    {"method": "weight_sharing", "bits": 5, "epochs": 0},
]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(scratch))


def run(scratch: Path) -> None:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch / "settings"))
    from app.ui import theme
    from app.ui.compress_page import CompressPage
    from app.ui.desk import Desk
    from app.ui.main import application
    from app.workbench import Workbench

    app = application()
    theme.apply(app, theme.THEMES["light"])
    work = Workbench(scratch / "study")
    work.wait(work.open_network("zoo:AlexNet"), 600)
    desk = Desk(theme.current())
    page = CompressPage(desk)
    desk.attach(work)
    page.resize(1192, 762)
    page.show()
    page.take_recipe(STEPS)
    desk.select_layer("fc6")

    def until(done: Callable[[], bool]) -> float:
        began = time.perf_counter()
        while not done():
            QApplication.processEvents()
            if time.perf_counter() - began > 300:
                raise SystemExit("The worker did not answer.")
        return time.perf_counter() - began

    print(f"all histograms read    {until(lambda: len(page.histograms.of('A')) == 8):6.1f} s")
    page.draft.pick(1)
    QApplication.processEvents()
    until(lambda: page.sharing.is_mine and "fc6" in page.sharing.index_bits())
    print(f"centroids of all layers {until(lambda: len(page.sharing.index_bits()) == 8):5.1f} s after fc6's")
    until(lambda: page.sharing._spread("fc6") is not None)
    values = page.sharing.plot.marks.values.copy()
    assert page.sharing.plot.shown.size == 37_748_736
    row = page.knobs.rows["fc6"].settings[0]

    def timed(name: str, move: Callable[[int], None]) -> None:
        took: list[float] = []
        for number in range(MOVES):
            began = time.perf_counter()
            move(number)
            QApplication.processEvents()
            took.append(1000 * (time.perf_counter() - began))
        print(f"{name:22} median {statistics.median(took):5.1f} ms, longest {max(took):5.1f} ms")

    step = float(values[4] - values[3]) / (2 * MOVES)
    timed("a shared value", lambda n: page.sharing.plot.marks.moved.emit(3, float(values[3]) + n * step))
    page.draft.let_go()
    timed("a layer's bits", lambda n: row.moved.emit(float(2 + n % 7)))
    page.draft.pick(0)
    QApplication.processEvents()
    timed("the threshold", lambda n: page.editor.plot.threshold_moved.emit(0.001 + n * 1e-5))
    page.draft.let_go()
    began = time.perf_counter()
    page.editor.view.views.button("pattern").click()
    until(lambda: page.editor.view.picture is not None and page.editor.view.picture.shown is not None)
    print(f"pattern of fc6         {time.perf_counter() - began:6.1f} s from the click")
    work.close()


if __name__ == "__main__":
    main()
