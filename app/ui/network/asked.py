"""Views whose figures a worker works out: asked for when the view is first shown, kept, and told while they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from app.study import Candidate
from app.ui.desk import Desk
from app.ui.network.view import View
from app.ui.parts.card import clear, column, holder
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.error_card import ErrorCard
from profiler.plain import from_plain

Value = TypeVar("Value")


class AskedView(View, Generic[Value]):
    """`question` answers with a `value`, in plain form, for the candidate's letter. Subclasses fill `body`.

    One answer a candidate and setting is kept until another study is opened.
    """

    question: str
    value: type[Any]
    reading_words = "Working it out…"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.candidate: Candidate | None = None
        self.other: Candidate | None = None
        self._answers: dict[tuple[Any, ...], Value] = {}
        self._asked: set[tuple[Any, ...]] = set()
        self.body = QWidget()
        self.body.setProperty("clear", True)
        self.reading = EmptyState(self.reading_words)
        self._errors = column(gap=8)
        stack = QWidget()
        stack.setProperty("clear", True)
        self._stack = QStackedLayout(stack)
        for page in (self.body, self.reading, holder(column(holder(self._errors), None))):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(stack)
        desk.study_opened.connect(self._forget)

    def settings(self) -> Mapping[str, Any]:
        """What the question needs besides the letter."""
        return {}

    def show_answer(self, answer: Value) -> None:
        """Show what the worker found for the candidate."""
        raise NotImplementedError

    def answer(self) -> Value | None:
        """What is known of the candidate, with the settings as they are."""
        return self._answers.get(self._key()) if self.candidate is not None else None

    def show_candidate(self, candidate: Candidate, other: Candidate | None) -> None:
        self.candidate, self.other = candidate, other
        self.show_again()

    def show_again(self) -> None:
        """After a setting changed."""
        if self.candidate is None:
            return
        found = self.answer()
        if found is not None:
            self._stack.setCurrentIndex(0)
            self.show_answer(found)
            return
        self._stack.setCurrentIndex(1)
        key = self._key()
        if key not in self._asked:
            self._asked.add(key)
            self._ask(key)

    def _key(self) -> tuple[Any, ...]:
        assert self.candidate is not None
        return (self.candidate.letter, self.candidate.source, *sorted(self.settings().items()))

    def _ask(self, key: tuple[Any, ...]) -> None:
        opened = self.desk.workbench

        def keep(plain: dict[str, Any]) -> None:
            if self.desk.workbench is opened:
                self._answers[key] = from_plain(plain, self.value)
                if self.candidate is not None and self._key() == key:
                    self.show_again()

        def lost(error: BaseException) -> None:
            self._asked.discard(key)
            if self.candidate is not None and self._key() == key:
                self._show_error(error)

        self.desk.ask(self.question, {"letter": key[0], **self.settings()}, keep, lost)

    def _show_error(self, error: BaseException) -> None:
        clear(self._errors)
        self._errors.addWidget(ErrorCard.of(error, ("Try again", self.show_again)))
        self._stack.setCurrentIndex(2)

    def _forget(self) -> None:
        """Another study: its letters mean other networks."""
        self._answers.clear()
        self._asked.clear()
        self.candidate = None
