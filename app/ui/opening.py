"""What a person opens or drops, and where it goes: networks, data, recipes, studies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

import assets
from app.ui import drop
from app.ui.network_page import NetworkPage
from app.ui.open_sizes import OpenSizes
from app.ui.page import Page
from app.ui.studies import Studies, open_in
from app.ui.which_network import WhichNetwork
from profiler.errors import BadInput

if TYPE_CHECKING:
    from app.ui.desk import Desk
    from app.ui.window import Window

NETWORKS = f"Networks ({' '.join(f'*{ending}' for ending in drop.NETWORKS)});;Studies (study.sqlite);;Everything (*)"
MEASURED = f"Profiles and logs ({' '.join(f'*{ending}' for ending in drop.PROFILES)});;Everything (*)"


class Opening(QObject):
    """Every way in ends here."""

    def __init__(self, window: Window, desk: Desk, studies: Studies) -> None:
        super().__init__(window)
        self.window, self.desk, self.studies = window, desk, studies
        self.sizes, self.which = OpenSizes(window.page_area), WhichNetwork(window.page_area)

    def follow(self, page: Page) -> None:
        """Pages that ask for something to be opened."""
        if isinstance(page, NetworkPage):
            page.open_file.connect(self.open_file)
            page.open_built_in.connect(self.studies.new_with)
            page.shrink.connect(self.shrink)
            page.choose_data.connect(self.choose_data)

    # ---- asking for files

    def open_file(self) -> None:
        """Ctrl+O: a network becomes a new study, a study is opened."""
        path = self._ask("Open a network or a study", NETWORKS)
        if path is not None:
            self.take(path, as_new=True)

    def add_network(self) -> None:
        path = self._ask("Add a network to this study", NETWORKS)
        if path is not None:
            self.take(path, as_new=False)

    def open_study(self) -> None:
        found = QFileDialog.getExistingDirectory(self.window, "Open a study", str(self.studies.folder))
        if found:
            self.take(Path(found), as_new=True)

    def choose_data(self) -> None:
        path = self._ask("Choose data", "Images (*.zip *.npz);;Everything (*)")
        if path is not None:
            self._use_data(path)

    def choose_data_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self.window, "Choose a folder of class folders")
        if found:
            self._use_data(Path(found))

    def save_copy(self) -> None:
        found = QFileDialog.getSaveFileName(self.window, "Save a copy of this study", self.desk.study.name)[0]
        if found:
            self.studies.save_copy(Path(found))

    def _ask(self, title: str, kinds: str) -> Path | None:
        found = QFileDialog.getOpenFileName(self.window, title, "", kinds)[0]
        return Path(found) if found else None

    # ---- what was given

    def take(self, path: Path, as_new: bool) -> None:
        """Open whatever this is."""
        kind = drop.what_is(path)
        if kind == "study":
            self.studies.open(path if path.is_dir() else path.parent)
        elif kind == "network":
            self._network(path, as_new)
        elif kind == "data":
            self._use_data(path)
        elif kind == "recipe":
            self._recipe(path)
        elif kind == "profile":
            self.measured(drop.IMPORT, [path])
        elif kind == "meter":
            self.measured(f"{drop.METER}{self.desk.device}", [path])
        else:
            self.desk.problem.emit(BadInput(drop.unknown_words(path), str(path)))

    def dropped(self, target: str, path: Path) -> None:
        """A file let go on one of the targets."""
        self.take(path, as_new=target == "new_study")

    def measured(self, target: str, paths: list[Path]) -> None:
        """What another tool wrote of a run, for the device that the target names ("": which one is asked for), or a
        meter's readings for the run on it."""
        kind, _, device = target.partition(":")
        letter = self.desk.candidate
        candidate = self.desk.study.candidates.get(letter)
        if candidate is None:
            self.desk.problem.emit(
                BadInput("No network is open.", paths[0].name, "Open the one that was measured first.")
            )
            return
        if f"{kind}:" == drop.METER and device not in candidate.profiles:
            where = "this computer" if device in ("", "cpu") else device
            what = f"{letter} has not run on {where}, so there is nothing to lay the meter’s readings beside."
            self.desk.problem.emit(BadInput(what, paths[0].name, f"Profile {letter} there first, with the marker."))
            return
        self.window.show_page("profile")
        page: Any = self.window.page("profile")  # not imported here: it is not needed before the first paint
        page.show_mode("imported")
        if f"{kind}:" == drop.METER:
            page.imported.open_meter(paths[0], device)
        elif device:
            page.imported.take(paths, device)
        else:
            page.imported.wait_for_device(paths, "")
            page.imported.device.setFocus()

    def import_profile(self) -> None:
        """Ask for the files of a profile that was measured elsewhere."""
        found, _ = QFileDialog.getOpenFileNames(self.window, "Import a profile", "", MEASURED)
        if found:
            self.measured(drop.IMPORT, [Path(name) for name in found])

    def _network(self, path: Path, as_new: bool, architecture: str | None = None) -> None:
        """Weights alone are asked for their network first, and a network whose input size is open for the size."""

        def go(shapes: dict[str, list[int]]) -> None:
            how = {"input_shapes": shapes, "architecture": architecture}
            if as_new or self.desk.workbench is None:
                self.studies.new(path.stem, lambda wb: open_in(wb, str(path), **how))
            else:
                open_in(self.desk.workbench, str(path), **how)
            self.window.show_page("network")

        def sized(answer: dict[str, Any]) -> None:
            if "unknown" in answer:
                self.which.ask(path.name, answer["unknown"], lambda name: self._network(path, as_new, name))
            elif answer["inputs"]:
                self.sizes.ask(path.name, answer["inputs"], go)
            else:
                go({})

        self.desk.ask("open_sizes", {"path": str(path), "architecture": architecture}, sized)

    def _use_data(self, path: Path) -> None:
        if self.desk.workbench is not None:
            self.desk.workbench.choose_data(str(path))

    def _recipe(self, path: Path) -> None:
        def add(answer: dict[str, Any]) -> None:
            self.window.show_page("compress")
            # a page that is shown and a step that is shown are each enough for one turn of the event loop
            QTimer.singleShot(0, lambda: self.window.page("compress").take_recipe(answer["steps"]))

        self.desk.ask("read_recipe", {"path": str(path)}, add)

    def shrink(self) -> None:
        """The demo's first button: the recipe is filled in, and running it is one key away."""
        self.window.show_page("compress")
        if not self.window.shown.has_steps():
            self._recipe(assets.path("recipes/demo.toml"))
