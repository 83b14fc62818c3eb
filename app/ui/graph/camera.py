"""What part of a drawing is seen, and how large."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF

AIR = 24.0  # pixels round a drawing that is fitted


@dataclass(frozen=True)
class Camera:
    """A point of the drawing times `scale`, moved by (x, y), is where it is seen, in pixels."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def seen(self, point: QPointF) -> QPointF:
        return QPointF(point.x() * self.scale + self.x, point.y() * self.scale + self.y)

    def seen_rect(self, rect: QRectF) -> QRectF:
        return QRectF(self.seen(rect.topLeft()), rect.size() * self.scale)

    def under(self, pixel: QPointF) -> QPointF:
        """The point of the drawing at a pixel."""
        return QPointF((pixel.x() - self.x) / self.scale, (pixel.y() - self.y) / self.scale)

    def room(self, size: QSizeF) -> QRectF:
        """The part of the drawing that a window of this size shows."""
        return QRectF(self.under(QPointF(0, 0)), size / self.scale)

    def moved(self, by: QPointF) -> Camera:
        return replace(self, x=self.x + by.x(), y=self.y + by.y())

    def zoomed(self, scale: float, at: QPointF) -> Camera:
        """At another scale, with the point at this pixel where it is."""
        held = self.under(at)
        return Camera(scale, at.x() - held.x() * scale, at.y() - held.y() * scale)


def fitting(drawing: QSizeF, window: QSizeF, most: float) -> Camera:
    """All of it, in the middle, no larger than `most`."""
    wide, high = max(window.width() - 2 * AIR, 1.0), max(window.height() - 2 * AIR, 1.0)
    scale = min(wide / max(drawing.width(), 1.0), high / max(drawing.height(), 1.0), most)
    x = (window.width() - drawing.width() * scale) / 2
    y = (window.height() - drawing.height() * scale) / 2
    return Camera(scale, x, y)


def held_in(camera: Camera, drawing: QSizeF, window: QSizeF) -> Camera:
    """Moved no further than until the drawing's edge is in the window's middle: it can't be lost."""
    wide, high = drawing.width() * camera.scale, drawing.height() * camera.scale
    x = min(max(camera.x, window.width() / 2 - wide), window.width() / 2)
    y = min(max(camera.y, window.height() / 2 - high), window.height() / 2)
    return replace(camera, x=x, y=y)
