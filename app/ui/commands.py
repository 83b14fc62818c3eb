"""Everything that can be done from the frame, by name: for the study's menu and for the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from app.ui import remember
from app.ui.icons import icon
from app.ui.search import Hit

if TYPE_CHECKING:
    from app.ui.window import Window


class Commands:
    def __init__(self, window: Window) -> None:
        self._window = window

    def fill_study_menu(self, menu: QMenu) -> None:
        """New, open, recent, save a copy, export; undo and redo."""
        window, opening = self._window, self._window.opening
        menu.clear()
        menu.addAction(icon("file-plus"), "New study\tCtrl+N", self.new_study)
        menu.addAction(icon("folder-open"), "Open a network…\tCtrl+O", opening.open_file)
        menu.addAction(icon("tree-evergreen"), "Open a study…", opening.open_study)
        self._add_recent(menu)
        menu.addSeparator()
        menu.addAction(icon("image"), "Choose data…", opening.choose_data)
        menu.addAction(icon("folder"), "Choose a data folder…", opening.choose_data_folder)
        measured = menu.addAction(icon("download-simple"), "Import a profile…", opening.import_profile)
        measured.setEnabled(bool(window.desk.candidate))
        menu.addSeparator()
        self._add_undo(menu)
        menu.addSeparator()
        menu.addAction(icon("floppy-disk"), "Save a copy…", opening.save_copy)
        network = menu.addAction(icon("file-arrow-down"), "Save the network as ONNX…", self.save_network)
        network.setEnabled(bool(window.desk.candidate))
        if "report" in window.entries:
            menu.addAction(icon("export"), "Export a report…", lambda: window.show_page("report"))

    def _add_recent(self, menu: QMenu) -> None:
        recent = menu.addMenu(icon("clock"), "Recent studies")
        current = self._window.desk.workbench
        others = [folder for folder in remember.recent() if current is None or folder != current.folder]
        for folder in others:
            recent.addAction(folder.name, lambda folder=folder: self._window.studies.open(folder))
        recent.setEnabled(bool(others))

    def _add_undo(self, menu: QMenu) -> None:
        workbench = self._window.desk.workbench
        for words, what, do in (
            ("Undo", workbench.can_undo if workbench else None, self.undo),
            ("Redo", workbench.can_redo if workbench else None, self.redo),
        ):
            keys = "Ctrl+Z" if words == "Undo" else "Ctrl+Shift+Z"
            said = f"{words}: {what[:1].lower()}{what[1:]}" if what else words
            action = menu.addAction(f"{said}\t{keys}", do)
            action.setEnabled(what is not None)

    def hits(self) -> list[Hit]:
        """For the search: commands with their keys."""
        window, opening = self._window, self._window.opening
        found = [
            Hit(f"Go to {entry.title}", f"Ctrl+{n}", entry.icon, lambda key=key: window.show_page(key))
            for n, (key, entry) in enumerate(window.entries.items(), 1)
        ]
        return [
            *found,
            Hit("Open a network…", "Ctrl+O", "folder-open", opening.open_file),
            Hit("New study", "Ctrl+N", "file-plus", self.new_study),
            Hit("Set a goal", "", "target", window.goal_sheet.present),
            Hit("Save the network as ONNX…", "", "file-arrow-down", self.save_network),
            Hit("Choose data…", "", "image", opening.choose_data),
            Hit("Import a profile…", "", "download-simple", opening.import_profile),
            Hit("Show the queue", "", "list", window.open_queue),
            Hit("Next counting convention", "M", "hash", window.desk.next_convention),
            Hit("Switch between light and dark", "", "moon", window.switch_theme),
            Hit("Hide or show the rail", "Ctrl+B", "columns", window.toggle_rail),
            Hit("Undo", "Ctrl+Z", "arrow-counter-clockwise", self.undo),
            Hit("Redo", "Ctrl+Shift+Z", "arrow-clockwise", self.redo),
        ]

    def new_study(self) -> None:
        self._window.studies.new("Study")

    def save_network(self) -> None:
        """The selected candidate's."""
        self._window.saving.present_for("")

    def undo(self) -> None:
        """The page's own first (a recipe), then the study's."""
        workbench = self._window.desk.workbench
        if not self._window.shown.undo() and workbench is not None:
            workbench.undo()

    def redo(self) -> None:
        workbench = self._window.desk.workbench
        if not self._window.shown.redo() and workbench is not None:
            workbench.redo()

    def cancel(self) -> None:
        """Ctrl+.: the running job; of several, the first in the job bar, on the selected device."""
        desk = self._window.desk
        running = next((job for job in self._window.jobs.running() if job.state == "running"), None)
        if running is not None and desk.workbench is not None:
            desk.workbench.cancel(running.job)
