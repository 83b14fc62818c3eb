"""The recipe on the left of Compress: its steps, one more, and what is checked before they run."""

from __future__ import annotations

from collections.abc import Callable

from app.ui import theme
from app.ui.add_step import AddButton, AddStep
from app.ui.checks import Checks
from app.ui.draft import Draft
from app.ui.parts.buttons import icon_button
from app.ui.parts.card import Card, column, holder
from app.ui.parts.text import label
from app.ui.recipe_list import RecipeList
from profiler.breakdown import Breakdown


class RecipeCard(Card):
    """`open_file` asks for a recipe, `do` is what the word beside a check does."""

    def __init__(self, draft: Draft, open_file: Callable[[], None], do: Callable[[str], None]) -> None:
        super().__init__("Recipe", "top to bottom", pad=12)
        self.list = RecipeList(draft)
        self.add_button, self.add_step = AddButton(), AddStep(self)
        self.checks = Checks(do)
        self._checked = holder(column(label("Checked before it runs", "heading"), self.checks, gap=12))
        self.add_tool(icon_button("folder-open", "Open a recipe…", open_file))
        self.setFixedWidth(theme.px(256))
        self.add(self.list, self.add_button, None, self._checked)

    def show_steps(self, some: bool) -> None:
        """The list and its checks, once there are `some` steps."""
        self.list.setVisible(some)
        self._checked.setVisible(some)

    def ask_step(self, network: Breakdown, has_data: bool) -> None:
        """The menu of steps for this network, below its button."""
        at = self.add_button.mapToGlobal(self.add_button.rect().bottomLeft())
        self.add_step.open_at(at, network, has_data)
