"""The trade-off plots of the report: what `app.tradeoff` computed, as marks and limits to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app import tradeoff
from app.facts import Goal
from app.markers import markers
from app.report import svg
from app.report.devices import device_title
from app.study import Study

Row = dict[str, Any]


def plots(study: Study, device_names: Sequence[str]) -> list[Row]:
    """Accuracy against size, and against latency on each device that measured something."""
    across: list[tuple[tradeoff.AxisKey, str]] = [
        ("size", "cpu"),
        *(("latency", name) for name in device_names),
    ]
    return [plot for key, device in across if (plot := _plot(study, key, device)) is not None]


def _plot(study: Study, across: tradeoff.AxisKey, device: str) -> Row | None:
    found = tradeoff.points(study, "accuracy", across, device)
    if not found:
        return None
    x, y = tradeoff.AXES[across], tradeoff.AXES["accuracy"]
    slots, best = markers(study), tradeoff.best(study)
    marks = tuple(
        svg.Mark(
            x=p.x.value,
            y=100 * p.y.value,
            name=p.letter,
            title=p.title,
            slot=slots.get(p.letter),
            solid=p.solid,
            best=best is not None and best.letter == p.letter,
            tip=f"{p.letter} {p.title}: {y.write(p.y.value)}, {x.write(p.x.value)}",
        )
        for p in found
    )
    stairs = tuple((a, 100 * b) for a, b in tradeoff.staircase(tradeoff.front(found, "accuracy", across)))
    where = f" on {device_title(study, device)}" if x.of_device else ""
    goal = study.goal if study.goal is not None and (not x.of_device or study.goal.device == device) else None
    data = f" on {study.data.title}" if study.data is not None and study.data.title else ""
    plot = svg.Plot(
        f"{x.label}{where}, {x.shown_unit}", f"Top-1 accuracy{data}, %", marks, stairs, **_plot_limits(goal, across)
    )
    lacking = tradeoff.without(study, "accuracy", across, device)
    return {"drawing": svg.trade_off(plot), "lacking": [f"{k.letter} {k.title}: {k.sentence}" for k in lacking]}


def _plot_limits(goal: Goal | None, across: tradeoff.AxisKey) -> dict[str, Any]:
    if goal is None:
        return {}
    limits: dict[str, Any] = {}
    x, y = tradeoff.AXES[across], tradeoff.AXES["accuracy"]
    x_limit = getattr(goal, x.limit or "", None)
    if x_limit is not None:
        limits |= {"x_limit": x_limit, "x_limit_words": f"≤ {x.write(x_limit)}"}
    if goal.accuracy is not None:
        limits |= {"y_limit": 100 * goal.accuracy, "y_limit_words": f"≥ {y.write(goal.accuracy)}"}
    return limits
