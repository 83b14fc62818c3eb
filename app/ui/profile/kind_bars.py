"""Time by kind: convolutions, fully connected layers and the rest as stacked bars, one row a profile."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app import words
from app.heavy import time_by_kind
from app.study import Candidate, Study
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.roster import device_title
from app.ui.parts.bars import Part, StackedBar
from app.ui.parts.card import clear, column, row, scrolled
from app.ui.parts.marker import Look, Marker, look_of
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided, caption, label
from app.ui.profile.earlier import Earlier, earlier, end_to_end_words, words_of_engine
from app.words import State
from profiler.breakdown import KIND_NAMES, KINDS, Kind
from profiler.measurement import Profile

MODES = (("share", "Shares"), ("time", "Milliseconds"))
MOST = 24  # rows; older profiles are left out, and that is said


@dataclass(frozen=True)
class KindRow:
    """One profile: `by_kind` milliseconds of its layers; `rest_ms` what belongs to no layer (0: not known)."""

    title: str
    detail: str
    look: Look
    by_kind: dict[Kind, float]
    rest_ms: float
    figure: str
    imported: str = ""

    @property
    def total_ms(self) -> float:
        return sum(self.by_kind.values()) + self.rest_ms


def kind_rows(study: Study, letter: str, device: str, shown: Profile) -> list[KindRow]:
    """The shown profile, then every other that has layers: this candidate's, then others', then on other devices."""
    candidate = study.candidates[letter]
    first = Earlier(letter, candidate.title, shown, True)
    every = [first, *earlier(study, letter, device, shown)]
    return [_row(study, one) for one in every if any(layer.microseconds for layer in one.profile.layers)]


def _row(study: Study, one: Earlier) -> KindRow:
    profile, candidate = one.profile, study.candidates[one.letter]
    by_kind = time_by_kind(candidate.breakdown, profile)
    rest = profile.median_ms - sum(by_kind.values()) if profile.latencies_ms else 0.0
    how = profile.settings
    engine = words_of_engine(how.engine, "", how.precision)
    title = f"{one.letter}  {device_title(one.device)}"
    detail = f"{engine} · {one.when}"
    figure = end_to_end_words(profile)
    return KindRow(title, detail, look_of(study, one.letter), by_kind, max(rest, 0.0), figure, profile.imported)


class KindBars(QWidget):
    """`picked(kind)`: a part was clicked, or chosen with ← → and Return."""

    picked = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.shown: tuple[KindRow, ...] = ()
        self.left_out = 0
        self.mode = Segmented(MODES, "Bars as")
        self.mode.chosen.connect(lambda _: self._show())
        self.bars: list[StackedBar] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.px(12))
        self._grid.setVerticalSpacing(theme.px(8))
        self._grid.setColumnStretch(1, 1)
        self._more = caption(wrap=True)
        self._inside = QWidget()
        self._inside.setProperty("clear", True)
        self._inside.setLayout(column(self._grid, self._more, None, gap=8))
        self._legend = row(gap=12)
        layout = column(row(self._legend, None, self.mode), scrolled(self._inside, sideways=False), gap=8)
        layout.setContentsMargins(*[theme.px(p) for p in (16, 4, 12, 4)])
        self.setLayout(layout)
        self.setAccessibleName("Time by kind")
        self._fill_legend()

    def _fill_legend(self) -> None:
        for name, fill in (*((KIND_NAMES[kind], kind) for kind in KINDS), ("Belongs to no layer", "rest")):
            swatch = _Swatch(fill)
            self._legend.addLayout(row(swatch, caption(name), gap=4))

    def show_profile(self, candidate: Candidate, profile: Profile) -> None:
        found = kind_rows(self._desk.study, candidate.letter, profile.device.name, profile)
        self.left_out = max(len(found) - MOST, 0)
        self.shown = tuple(found[:MOST])
        self._show()

    def _show(self) -> None:
        clear(self._grid)
        self.bars = []
        longest = max((one.total_ms for one in self.shown), default=0.0)
        for place, one in enumerate(self.shown):
            self._put(place, one, longest)
        self._more.setText(f"{words.plural(self.left_out, 'older profile')} more." if self.left_out else "")
        self._more.setVisible(bool(self.left_out))
        self.setAccessibleDescription("; ".join(_spoken(one) for one in self.shown))

    def _put(self, place: int, one: KindRow, longest: float) -> None:
        title = Elided(one.title, "table")
        title.setMinimumWidth(theme.px(150))
        detail = Elided(one.detail, "caption", Qt.TextElideMode.ElideRight)
        detail.set_tip(f"Imported: {one.imported}" if one.imported else "")
        name = column(title, detail, gap=0)
        self._grid.addLayout(row(Marker(one.look, "imported" if one.imported else "measured"), name, gap=6), place, 0)
        bar = StackedBar(f"{one.title}, {one.detail}", height=18)
        bar.show_parts(kind_parts(one, self.mode.key == "time"))
        bar.picked.connect(self.picked)
        self.bars.append(bar)
        line = row(bar, gap=0)
        if self.mode.key == "time" and longest:
            filled = max(round(1000 * one.total_ms / longest), 1)
            line.setStretch(0, filled)
            line.addStretch(1000 - filled)
        self._grid.addLayout(line, place, 1)
        figure = label(one.figure, "table")
        self._grid.addWidget(figure, place, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    @property
    def plot(self) -> KindBars:
        """What Copy picture and Export mean."""
        return self

    def rows(self) -> list[list[str]]:
        """For files: milliseconds by kind."""
        head = ["profile", "how", *(f"{KIND_NAMES[kind]} (ms)" for kind in KINDS), "no layer (ms)", "end to end"]
        return [head, *map(_out, self.shown)]


def _out(one: KindRow) -> list[str]:
    times = [*(one.by_kind[kind] for kind in KINDS), one.rest_ms]
    return [one.title, one.detail, *(repr(float(ms)) for ms in times), one.figure]


def kind_parts(one: KindRow, in_ms: bool = False) -> list[Part]:
    """The parts of one bar, with their share or their milliseconds in them; the tooltip has both."""
    total = one.total_ms
    if not total:
        return []
    state: State = "imported" if one.imported else "measured"
    parts = [
        Part(
            key=kind,
            share=ms / total,
            text=words.milliseconds(ms) if in_ms else words.percent(ms / total, 0),
            tip=_tip(KIND_NAMES[kind], ms, total),
            fill=kind,
            on=f"on_{kind}",
            state=state,
        )
        for kind, ms in one.by_kind.items()
    ]
    if one.rest_ms:
        tip = _tip("Belongs to no layer", one.rest_ms, total)
        parts.append(Part("rest", one.rest_ms / total, "", tip, "muted", "surface", hatched=True, state=state))
    return parts


def _tip(name: str, ms: float, total: float) -> str:
    return f"{name}: {words.milliseconds(ms)}, {words.percent(ms / total)}"


def _spoken(one: KindRow) -> str:
    return f"{one.title}, {one.detail}: " + ", ".join(part.tip for part in kind_parts(one))


class _Swatch(StackedBar):
    """A small square of one fill, for the legend: not reached by Tab."""

    def __init__(self, fill: str) -> None:
        super().__init__("Legend", height=10)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        rest = fill == "rest"
        self.show_parts([Part(fill, 1.0, "", "", "muted" if rest else fill, "surface", hatched=rest)])
        self.setFixedWidth(theme.px(14))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
