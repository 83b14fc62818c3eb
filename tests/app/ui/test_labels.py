"""Names in a plot are pushed apart."""

from itertools import combinations

from PySide6.QtCore import QPointF, QRectF, QSizeF

from app.ui.plots.labels import placed

AREA = QRectF(0, 0, 400, 300)
SIZE = QSizeF(80, 18)


def test_a_lone_name_stands_to_the_right_of_its_point():
    (box,) = placed([QPointF(100, 100)], [SIZE], [], AREA)
    assert box.left() > 100
    assert box.center().y() == 100


def test_a_name_at_the_right_edge_stands_to_the_left():
    (box,) = placed([QPointF(390, 100)], [SIZE], [], AREA)
    assert box.right() < 390


def test_names_of_points_on_top_of_each_other_do_not_overlap():
    points = [QPointF(200, 150 + n) for n in range(4)]
    blocked = [QRectF(p.x() - 7, p.y() - 7, 14, 14) for p in points]
    boxes = placed(points, [SIZE] * 4, blocked, AREA)
    assert not any(a.intersects(b) for a, b in combinations(boxes, 2))
    assert not any(a.intersects(b) for a in boxes for b in blocked)
