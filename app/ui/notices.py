"""Cards above the page: what failed, and what was interrupted. They stay until they are closed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.study import JobRecord
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.error_card import ErrorCard
from app.ui.parts.text import caption

MOST = 2  # more would push the page away; the rest is counted


class Notices(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setAccessibleName("Notices")
        self.desk = desk
        self.cards: dict[str, ErrorCard] = {}
        self._more = caption()
        self._layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        self._layout.setContentsMargins(edge, theme.px(12), edge, 0)
        self._layout.setSpacing(theme.px(8))
        self._layout.addWidget(self._more)
        desk.problem.connect(self.show_error)
        desk.told.connect(self.tell)
        desk.job_ended.connect(self._job_ended)
        desk.study_opened.connect(self._begin)
        desk.study_changed.connect(lambda _: self._show_interrupted())
        self._arrange()

    def show_error(self, error: BaseException) -> None:
        self._add(f"error:{error}", ErrorCard.of(error))

    def tell(self, said: str, words: str, do: Callable[[], object]) -> None:
        """A line that something was done; `words` is the button that does the next thing, Undo say."""

        def once() -> None:
            self._remove(f"told:{said}")
            do()

        self._add(f"told:{said}", ErrorCard(said, action=(words, once), tone="muted"))

    def _begin(self) -> None:
        """Another study has other troubles."""
        for key in list(self.cards):
            self._remove(key)
        self._show_interrupted()

    def _job_ended(self, view) -> None:
        if view.state != "failed":
            return
        again = ("Start again", lambda: self._start_again(view.job))
        card = ErrorCard(view.error or f"{view.title} failed.", "", view.fix, view.evidence, action=again)
        self._add(view.job, card)

    def _show_interrupted(self) -> None:
        workbench = self.desk.workbench
        records = {record.job: record for record in (workbench.interrupted() if workbench else ())}
        for job in [key for key in self.cards if key.startswith("interrupted:")]:
            if job.partition(":")[2] not in records:
                self._remove(job)
        for job, record in records.items():
            if f"interrupted:{job}" not in self.cards:
                self._add_interrupted(record)

    def _add_interrupted(self, record: JobRecord) -> None:
        again = ("Start again", lambda: self._start_again(record.job))
        card = ErrorCard(interrupted_words(record.reached), _of(record), action=again, tone="muted")
        workbench = self.desk.workbench
        self._add(f"interrupted:{record.job}", card)
        if workbench is not None:
            card.closed.connect(lambda: workbench.dismiss(record.job))

    def _start_again(self, job: str) -> None:
        if self.desk.workbench is not None:
            self._remove(job)
            self.desk.workbench.start_again(job)

    def _add(self, key: str, card: ErrorCard) -> None:
        self._remove(key)
        self.cards[key] = card
        card.closed.connect(lambda: self._remove(key))
        self._layout.insertWidget(self._layout.count() - 1, card)
        self._arrange()

    def _remove(self, key: str) -> None:
        card = self.cards.pop(key, None)
        if card is not None:
            card.hide()
            card.deleteLater()
        self._arrange()

    def _arrange(self) -> None:
        """The newest first two; the others are counted."""
        newest = list(self.cards.values())[::-1]
        for place, card in enumerate(newest):
            card.setVisible(place < MOST)
        self._more.setText(f"and {len(newest) - MOST} more")
        self._more.setVisible(len(newest) > MOST)
        self.setVisible(bool(self.cards))


def interrupted_words(reached: str) -> str:
    """Interrupted at epoch 3 of 8."""
    where = reached[:1].lower() + reached[1:].rstrip(".…")
    return f"Interrupted at {where}." if where else "Interrupted."


def _of(record: JobRecord) -> str:
    return f"{record.title}, candidate {record.letter}." if record.letter else f"{record.title}."
