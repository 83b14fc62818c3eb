"""The candidates as a list in order of lineage, painted with their markers and tree lines."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QSizePolicy

from app.axes import AXES, AxisKey, figure
from app.facts import Hidden, Pinned, Renamed
from app.study import Candidate, Study
from app.ui import theme
from app.ui.candidate_paint import HEIGHT, CandidatePainter
from app.ui.desk import Desk
from app.ui.parts.marker import Look, looks
from app.words import State, marked, not_measured

Index = QModelIndex | QPersistentModelIndex
LINE = Qt.ItemDataRole.UserRole + 1
TITLE_LENGTH = 24


@dataclass(frozen=True)
class Line:
    """One row: the candidate, how deep it lies, which levels above go on below it, its look and figures."""

    candidate: Candidate
    depth: int
    goes_on: tuple[bool, ...]  # for each level up to this one: does a later sister follow
    look: Look
    figures: str
    state: State  # hollow until something of it is measured
    new: bool
    has_children: bool


def lines(study: Study, device: str, unseen: set[str], with_hidden: bool) -> list[Line]:
    """Depth first, in order of birth. A hidden parent's children stand where it would."""
    chosen = [c for c in study.candidates.values() if with_hidden or not c.hidden]
    letters = {c.letter for c in chosen}
    children: dict[str | None, list[Candidate]] = {}
    for candidate in chosen:
        children.setdefault(_shown_parent(study, candidate, letters), []).append(candidate)
    given, found = looks(study), list[Line]()

    def add(candidate: Candidate, depth: int, goes_on: tuple[bool, ...]) -> None:
        own = children.get(candidate.letter, [])
        look, said = given[candidate.letter], figures(candidate, device)
        new, state = candidate.letter in unseen, _state(candidate, device)
        found.append(Line(candidate, depth, goes_on, look, said, state, new, bool(own)))
        for place, child in enumerate(own):
            add(child, depth + 1, (*goes_on, place < len(own) - 1))

    for root in children.get(None, []):
        add(root, 0, ())
    return found


def _shown_parent(study: Study, candidate: Candidate, shown: set[str]) -> str | None:
    line = study.lineage(candidate.letter)[:-1]
    return next((letter for letter in reversed(line) if letter in shown), None)


def _state(candidate: Candidate, device: str) -> State:
    keys: tuple[AxisKey, ...] = ("accuracy", "latency")
    return "measured" if any(figure(candidate, key, device) for key in keys) else "predicted"


def figures(candidate: Candidate, device: str) -> str:
    """57.1 % · 243.9 MB · 41.2 ms: what is known of it; a figure not known is left out."""
    keys: tuple[AxisKey, ...] = ("accuracy", "size", "latency")
    found = [(AXES[key], figure(candidate, key, device)) for key in keys]
    return "  ·  ".join(marked(axis.write(f.value), f.state) for axis, f in found if f is not None) or not_measured


class CandidateModel(QAbstractListModel):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.lines: list[Line] = []

    def show(self, made: list[Line]) -> None:
        self.beginResetModel()
        self.lines = made
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self.lines)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole):
        line = self.lines[index.row()]
        candidate = line.candidate
        if role == LINE:
            return line
        if role == Qt.ItemDataRole.EditRole:
            return candidate.title
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{candidate.letter} {candidate.title}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(line)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            lineage = " from ".join(reversed(self._desk.study.lineage(candidate.letter)))
            return f"{lineage}: {candidate.title}. {line.figures}{'. New' if line.new else ''}"
        return None

    def setData(self, index: Index, value, role: int = Qt.ItemDataRole.EditRole) -> bool:
        candidate = self.lines[index.row()].candidate
        title = str(value).strip()[:TITLE_LENGTH]
        if not title or title == candidate.title or self._desk.workbench is None:
            return False
        self._desk.workbench.record(Renamed(candidate.letter, title))
        return True

    @staticmethod
    def _tip(line: Line) -> str:
        """The recipe in full."""
        candidate = line.candidate
        steps = [f"{n}  {_step_words(step)}" for n, step in enumerate(candidate.recipe, 1)]
        return "\n".join([f"{candidate.letter}  {candidate.title}", candidate.file_name, *steps])


def _step_words(step) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in step.items() if key not in ("method", "enabled"))
    name = str(step.get("method", "")).replace("_", " ")
    return f"{name}: {settings}" if settings else name


class CandidateList(QListView):
    """Selects on the desk. F2 renames, P pins, Del hides; a candidate just finished bears a dot until it is seen."""

    menu_wanted = Signal(str, QPoint)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.with_hidden = False
        self.unseen: set[str] = set()
        self.rows = CandidateModel(desk)
        self.setModel(self.rows)
        self.setProperty("rail", True)
        self.setAccessibleName("Candidates")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setItemDelegate(CandidatePainter(self))
        self.selectionModel().currentChanged.connect(self._moved)
        desk.study_changed.connect(lambda _: self.refresh())
        desk.device_changed.connect(lambda _: self.refresh())
        desk.candidate_changed.connect(self._show_chosen)
        desk.job_ended.connect(self._job_ended)

    def refresh(self) -> None:
        self.rows.show(lines(self.desk.study, self.desk.device, self.unseen, self.with_hidden))
        self.updateGeometry()
        self._show_chosen(self.desk.candidate)

    def sizeHint(self) -> QSize:
        """As high as its rows: the legend stands right below the last."""
        return QSize(theme.px(theme.RAIL), theme.px(HEIGHT) * max(len(self.rows.lines), 1) + theme.px(2))

    def toggle_hidden(self) -> None:
        self.with_hidden = not self.with_hidden
        self.desk.study_changed.emit(self.desk.study)

    def _show_chosen(self, letter: str) -> None:
        if letter in self.unseen:
            self.unseen.discard(letter)
            self.refresh()
            return
        for place, line in enumerate(self.rows.lines):
            if line.candidate.letter == letter and self.currentIndex().row() != place:
                self.setCurrentIndex(self.rows.index(place))

    def _moved(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self.desk.select_candidate(now.data(LINE).candidate.letter)

    def _job_ended(self, view) -> None:
        if view.state == "done" and view.letter in self.desk.study.candidates and view.letter != self.desk.candidate:
            self.unseen.add(view.letter)
            self.refresh()

    def step(self, by: int) -> None:
        """Alt+↓ and Alt+↑."""
        place = min(max(self.currentIndex().row() + by, 0), len(self.rows.lines) - 1)
        if self.rows.lines:
            self.setCurrentIndex(self.rows.index(place))

    # ---- what a person does to a candidate

    def rename(self) -> None:
        if self.currentIndex().isValid():
            self.setFocus()
            self.edit(self.currentIndex())

    def pin(self) -> None:
        candidate = self._chosen()
        if candidate is not None and self.desk.workbench is not None:
            self.desk.workbench.record(Pinned(candidate.letter, not candidate.pinned))

    def hide_or_show(self) -> None:
        candidate = self._chosen()
        if candidate is not None and self.desk.workbench is not None:
            self.desk.workbench.record(Hidden(candidate.letter, not candidate.hidden))

    def _chosen(self) -> Candidate | None:
        return self.desk.study.candidates.get(self.desk.candidate)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        done = {Qt.Key.Key_F2: self.rename, Qt.Key.Key_P: self.pin, Qt.Key.Key_Delete: self.hide_or_show}
        action = done.get(Qt.Key(event.key()))
        if action is not None and not event.modifiers():
            action()
        elif event.text().isalnum() and not event.modifiers():
            event.ignore()  # letters are shortcuts of the window
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.currentIndex().isValid():
            self.menu_wanted.emit(self.currentIndex().data(LINE).candidate.letter, event.globalPos())
