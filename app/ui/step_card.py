"""The picked step of a recipe: magnitude pruning by hand, a form of any other’s settings, or how to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QStackedWidget

from app.ui.draft import Step
from app.ui.parts.card import Card, column, holder, scrolled
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.text import label
from app.ui.pruning_editor import PruningEditor
from app.ui.step_form import StepForm

EMPTY = "A recipe is a list of steps. Start with one."


class StepCard(Card):
    """`begin`: what can be done while there is no step, as words and actions."""

    def __init__(self, editor: PruningEditor, begin: Sequence[tuple[str, Callable[[], object]]]) -> None:
        super().__init__(gap=0)
        self.editor, self.form = editor, StepForm()
        self.form_title, self.form_words = label("", "title"), label("", "muted", wrap=True)
        self.no_step = EmptyState(EMPTY, begin, glyph="scissors", primary=True)
        self.pages = QStackedWidget()
        form = scrolled(holder(column(self.form_title, self.form_words, self.form, None, gap=12)))
        for page in (editor, form, self.no_step):
            self.pages.addWidget(page)
        self.add(self.pages)

    def name(self, title: str, words: str) -> None:
        """What stands above the form."""
        self.form_title.setText(title)
        self.form_words.setText(words)

    def turn_to(self, step: Step | None) -> None:
        self.pages.setCurrentIndex(2 if step is None else 0 if self.editor.is_mine else 1)
