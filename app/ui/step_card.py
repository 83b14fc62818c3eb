"""The picked step of a recipe: pruning or sharing by hand, a form of any other’s settings, or how to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QStackedWidget

from app.ui.draft import Step
from app.ui.parts.card import Card, column, holder, scrolled
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.text import label
from app.ui.pruning_editor import PruningEditor
from app.ui.sharing_editor import SharingEditor
from app.ui.step_form import StepForm

Editor = PruningEditor | SharingEditor
EMPTY = "A recipe is a list of steps. Start with one."


class StepCard(Card):
    """`begin`: what can be done while there is no step, as words and actions."""

    def __init__(self, editors: Sequence[Editor], begin: Sequence[tuple[str, Callable[[], object]]]) -> None:
        super().__init__(gap=0)
        self.editors, self.form = tuple(editors), StepForm()
        self.form_title, self.form_words = label("", "title"), label("", "muted", wrap=True)
        self.no_step = EmptyState(EMPTY, begin, glyph="scissors", primary=True)
        self.pages = QStackedWidget()
        form = scrolled(holder(column(self.form_title, self.form_words, self.form, None, gap=12)))
        for page in (form, self.no_step, *self.editors):
            self.pages.addWidget(page)
        self.add(self.pages)

    def name(self, title: str, words: str) -> None:
        """What stands above the form."""
        self.form_title.setText(title)
        self.form_words.setText(words)

    def turn_to(self, step: Step | None) -> None:
        mine = next((editor for editor in self.editors if editor.is_mine), None)
        if step is None or mine is None:
            self.pages.setCurrentIndex(1 if step is None else 0)
        else:
            self.pages.setCurrentWidget(mine)
