"""Pictures of the window for its makers: python -m app.ui.screenshot --page network --theme dark --out x.png.

Without `--study` it shows the demo study, in a temporary folder; `--wait` seconds pass before the picture is taken.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["NETBONSAI_SCALE"] = str(asked.scale)
    from PySide6.QtCore import QSettings

    with tempfile.TemporaryDirectory() as scratch:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, scratch)
        return _take(asked, Path(scratch))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.ui.screenshot")
    parser.add_argument("--page", default="network")
    parser.add_argument("--view", default="", help="of the network page")
    parser.add_argument("--theme", default="light", choices=("light", "dark"))
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--candidate", default="")
    parser.add_argument("--layer", default="")
    parser.add_argument("--sheet", default="", choices=("", "goal", "queue", "search"))
    parser.add_argument("--shrink", action="store_true", help="press Shrink it first")
    parser.add_argument("--wait", type=float, default=12.0)
    parser.add_argument("--settle", type=float, default=2.5, help="seconds from there to the picture")
    parser.add_argument("--out", type=Path, required=True)
    return parser


def _take(asked: argparse.Namespace, scratch: Path) -> int:
    from PySide6.QtCore import QTimer

    from app.ui import theme
    from app.ui.desk import Desk
    from app.ui.main import application
    from app.ui.studies import Studies
    from app.ui.window import Window

    app = application()
    theme.apply(app, theme.THEMES[asked.theme])
    desk = Desk(theme.current())
    studies = Studies(desk, scratch / "studies")
    window = Window(desk, studies)
    window.resize(*(int(side) for side in asked.size.split("x")))
    window.show()
    studies.open(asked.study or studies.folder / "demo")

    def picture() -> None:
        if asked.shrink:
            window.opening.shrink()
        _choose(window, asked)
        QTimer.singleShot(
            int(1000 * asked.settle), lambda: (window.grab().save(str(asked.out)), window.close(), app.quit())
        )

    QTimer.singleShot(int(1000 * asked.wait), picture)
    return app.exec()


def _choose(window, asked: argparse.Namespace) -> None:
    window.show_page(asked.page)
    window.desk.select_candidate(asked.candidate)
    if asked.view:
        window.shown.show_view(asked.view)
    if asked.layer:
        window.desk.select_layer(asked.layer)
    if asked.sheet:
        {"goal": window.goal_sheet.present, "queue": window.open_queue, "search": window.open_search}[asked.sheet]()


if __name__ == "__main__":
    raise SystemExit(main())
