"""The report's HTML as a text browser can show it: its drawings become pictures, its style the window's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from string import Template

from PySide6.QtCore import QByteArray, QRectF, Qt, QUrl
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QTextBrowser

from app.ui import theme

DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)
DROPPED = re.compile(r"<style>.*?</style>|<nav.*?</nav>|<meta[^>]*>", re.DOTALL)
TOUCHING = re.compile(r"(</span>|</b>)(?=<(?:span|b)\b)")  # set apart by the style sheet, which is not read here
NOTE = re.compile(r"([^>\s])(?=<span class=\"note\">[^<])")
SHARP = 2  # pixels a picture has for one of the window
WIDEST = 800

# Classes of the report's drawings, with colours by their names in the theme.
STYLES: dict[str, dict[str, str]] = {
    "tick": {"fill": "muted", "font-size": "11"},
    "axis": {"fill": "muted"},
    "grid": {"stroke": "grid"},
    "rule": {"stroke": "line"},
    "letter": {"font-weight": "600"},
    "stairs": {"fill": "none", "stroke": "pareto", "stroke-width": "1.5"},
    "limit": {"stroke": "good", "stroke-width": "1.5"},
    "limit-words": {"fill": "good"},
    "best": {"fill": "none", "stroke": "good", "stroke-width": "2"},
    "run": {"fill": "accent"},
    "median": {"stroke": "text", "stroke-width": "1.5"},
    "curve": {"fill": "none", "stroke": "accent", "stroke-width": "1.5"},
    "conv": {"fill": "conv"},
    "fc": {"fill": "fc"},
    "other": {"fill": "other"},
    "rest": {"fill": "line"},
    "on-conv": {"fill": "on_conv", "font-size": "11"},
    "on-fc": {"fill": "on_fc", "font-size": "11"},
    "on-other": {"fill": "on_other", "font-size": "11"},
    "on-rest": {"fill": "text", "font-size": "11"},
}
PAGE = """
body { color: $text; } h1 { font-size: 20px; font-weight: 500; } h2 { font-size: 16px; } h3 { font-size: 13px; }
a { color: $accent; text-decoration: none; } .muted, .note, dt, .label, footer { color: $muted; }
.note, footer { font-size: 11px; } th { color: $muted; font-weight: 400; font-size: 11px; }
td, th { padding: 3px 7px; text-align: right; white-space: nowrap; } td { font-size: 12px; }
td.name { text-align: left; font-weight: 500; }
.warning { color: $warn; } .good { color: $good; } .bad { color: $bad; } pre { color: $text; font-size: 11px; }
"""


def drawing(text: str) -> str:
    """One of the report's drawings, its classes written out as colours: the renderer reads no style sheet."""
    root = ElementTree.fromstring(text)  # our own report's: nothing of a stranger's is in it unescaped
    root.set("xmlns", "http://www.w3.org/2000/svg")
    for part in root.iter():
        classes = part.get("class", "").split()
        if part.tag.endswith("text"):
            part.attrib.setdefault("fill", theme.current().text)
            part.attrib.setdefault("font-size", "12")
            part.attrib.setdefault("font-family", theme.font().family())
        for name in classes:
            for key, value in STYLES.get(name, {}).items():
                part.set(key, getattr(theme.current(), value, value))
        if "shape" in classes:
            _colour_shape(part, classes)
    return ElementTree.tostring(root, encoding="unicode")


def _colour_shape(part: ElementTree.Element, classes: list[str]) -> None:
    """A candidate's marker: filled when measured, hollow when not."""
    worn = theme.current()
    slot = next((int(name[1:]) for name in classes if re.fullmatch(r"c\d", name)), None)
    colour = worn.text if "baseline" in classes else worn.other if slot is None else worn.candidates[slot]
    solid = "solid" in classes
    part.set("fill", colour if solid else worn.surface)
    part.set("stroke", worn.surface if solid else colour)
    part.set("stroke-width", "1" if solid else "1.5")


def picture(text: str) -> QImage:
    """A drawing as pixels."""
    renderer = QSvgRenderer(QByteArray(drawing(text).encode()))
    width, height = size_of(text)
    image = QImage(width * SHARP, height * SHARP, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    return image


def size_of(text: str) -> tuple[int, int]:
    """Width and height on the page: its own, or its box's, no wider than the page."""
    box = [float(part) for part in re.search(r'viewBox="([^"]+)"', text)[1].split()]  # type: ignore[index]
    own = re.search(r'<svg[^>]* width="(\d+)"', text)
    wide = min(theme.px(float(own[1]) if own else box[2]), theme.px(WIDEST))
    return wide, max(round(wide * box[3] / box[2]), 1)


class ReportPreview(QTextBrowser):
    """Shows the very HTML that will be written, as far as a text browser can."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setAccessibleName("Preview of the report")
        self.setFrameShape(self.Shape.NoFrame)
        self._drawings: dict[str, str] = {}
        self.html = ""

    def show_report(self, html: str) -> None:
        self.html, self._drawings = html, {}
        at = self.verticalScrollBar().value()
        self.document().setDefaultStyleSheet(Template(PAGE).substitute(asdict(theme.current())))
        apart = NOTE.sub(r"\1<br>", TOUCHING.sub(r"\1&nbsp; ", DROPPED.sub("", html)))
        self.setHtml(DRAWING.sub(lambda found: self._image(found[0]), apart))
        self.verticalScrollBar().setValue(at)

    def _image(self, text: str) -> str:
        name = f"drawing:{len(self._drawings)}"
        self._drawings[name] = text
        width, height = size_of(text)
        image = f'<img src="{name}" width="{width}" height="{height}">'
        return f"{image}&nbsp;" if "marker" in text[:40] else f"<p>{image}</p>"

    def loadResource(self, kind: int, name: QUrl):
        """Only the report's own drawings: a report loads nothing from anywhere."""
        text = self._drawings.get(name.toString())
        return picture(text) if text is not None else None

    def go_to(self, part: str) -> None:
        self.scrollToAnchor(part)
