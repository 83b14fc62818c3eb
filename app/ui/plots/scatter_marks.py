"""How a candidate is drawn in the trade-off: its marker, the rings round it, its name."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF

from app.ui import theme
from app.ui.parts.marker import shape_path
from app.ui.plots.scatter_scene import Dot, Scene

SIZE = 13


def spot(dot: Dot) -> dict[str, object]:
    """A candidate’s marker, as pyqtgraph’s scatter plot takes it: hollow while it is only predicted."""
    return {
        "pos": (dot.x, dot.y),
        "symbol": shape_path(dot.look.shape, QPointF(0, 0), 0.5),
        "size": theme.px(SIZE if dot.look.slot is not None else 7),
        "brush": pg.mkBrush(theme.colour("surface") if dot.hollow else dot.look.colour),
        "pen": pg.mkPen(dot.look.colour if dot.hollow else theme.colour("surface"), width=1.6 if dot.hollow else 1),
    }


def rings(dot: Dot, scene: Scene) -> list[dict[str, object]]:
    """Round the best and the selected one."""
    wanted = [(dot.letter == scene.best, 32, "good"), (dot.letter == scene.selected, 24, "accent")]
    tint = theme.colour("accent")
    tint.setAlphaF(0.14)
    return [
        {"pos": (dot.x, dot.y), "symbol": "o", "size": theme.px(size), "pen": pg.mkPen(theme.colour(role), width=2),
         "brush": pg.mkBrush(tint if role == "accent" else None)}
        for shown, size, role in wanted if shown
    ]  # fmt: skip


def name(dot: Dot, scene: Scene) -> pg.TextItem:
    """Its letter and title, and whether it is the best, on a plate that lets little through."""
    worn, plate = theme.current(), theme.colour("surface")
    plate.setAlphaF(0.8)
    word = f' <span style="color:{worn.good}">best</span>' if dot.letter == scene.best else ""
    strong = 600 if dot.letter == scene.selected else 400
    colour = worn.text if dot.letter == scene.selected else worn.muted
    item = pg.TextItem(fill=plate, html=(
        f'<span style="color:{worn.text};font-weight:600">{dot.letter}</span>&nbsp; '
        f'<span style="color:{colour};font-weight:{strong}">{_escaped(dot.title)}</span>{word}'
    ))  # fmt: skip
    item.textItem.document().setDocumentMargin(2)
    item.setFont(theme.font(theme.TABLE))
    item.setZValue(12)
    return item


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
