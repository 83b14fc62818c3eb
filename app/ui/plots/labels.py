"""Where names stand in a plot: beside their points, pushed apart, never over a marker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF

AWAY = 12.0  # px from a point's middle to its label


def placed(points: Sequence[QPointF], sizes: Sequence[QSizeF], blocked: Sequence[QRectF], area: QRectF) -> list[QRectF]:
    """One rectangle for each point, in pixels: the nearest place that covers nothing `blocked` and no other label."""
    taken = list(blocked)
    found: list[QRectF] = []
    for point, size in zip(points, sizes, strict=True):
        best = min(_places(point, size), key=lambda place: _cost(place[1], taken, area) + place[0])[1]
        taken.append(best)
        found.append(best)
    return found


def _places(point: QPointF, size: QSizeF) -> Iterator[tuple[float, QRectF]]:
    """Places round a point, each with how far from ideal it is: right, left, then further up and down."""
    x, y, width, height = point.x(), point.y(), size.width(), size.height()
    for step in range(11):
        rise = (step + 1) // 2 * (height * 0.75) * (-1 if step % 2 else 1)
        yield step * 2.0, QRectF(x + AWAY, y - height / 2 + rise, width, height)
        yield step * 2.0 + 1, QRectF(x - AWAY - width, y - height / 2 + rise, width, height)
    yield 5.0, QRectF(x - width / 2, y - AWAY - height, width, height)
    yield 6.0, QRectF(x - width / 2, y + AWAY, width, height)


def _cost(place: QRectF, taken: Sequence[QRectF], area: QRectF) -> float:
    covered = sum(_overlap(place, other) for other in taken)
    outside = place.width() * place.height() - _overlap(place, area)
    return covered + 3 * outside


def _overlap(a: QRectF, b: QRectF) -> float:
    shared = a.intersected(b)
    return shared.width() * shared.height()
