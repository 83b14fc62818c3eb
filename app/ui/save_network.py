"""Save a candidate as ONNX: in its own opset, or in an older one for an older runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from app import words
from app.ui.desk import Desk
from app.ui.parts.buttons import primary_button
from app.ui.parts.card import clear, column, row
from app.ui.parts.error_card import ErrorCard
from app.ui.parts.segmented import Segmented
from app.ui.parts.sheet import Sheet
from app.ui.parts.text import caption, label

OWN = "own"
OPSETS = ((OWN, "As it is"), ("15", "15 (TX2)"), ("13", "13"), ("11", "11"), ("9", "9"))
TIPS = (
    "In the opset that it has",
    "What ONNX Runtime 1.10 loads, the newest for a Jetson TX2",
    "What ONNX Runtime 1.6 loads",
    "What ONNX Runtime 1.0 loads",
    "What ONNX Runtime 0.3 loads",
)
EXACT = "Exactly, or not at all: what has no form in an older opset is named. What is older already stays as it is."
SHOWN = 6  # names of layers


class SaveNetwork(Sheet):
    """Return asks for the file; the outcome stands below until the sheet is closed."""

    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host, "Save as ONNX", side="top", extent=680)
        self.desk = desk
        self.letter = ""
        self.opset = Segmented(OPSETS, "Opset", TIPS)
        self.save = primary_button("Save…", self.ask_for_file, glyph="floppy-disk")
        self.outcome = column(gap=8)
        self.body.addLayout(row(label("Opset", "muted"), self.opset, None))
        self.body.addWidget(caption(EXACT, wrap=True))
        self.body.addLayout(self.outcome)
        self.body.addStretch(1)
        self.body.addLayout(row(None, self.save))

    def present_for(self, letter: str) -> None:
        """For this candidate ("": the selected one)."""
        self.letter = letter or self.desk.candidate
        candidate = self.desk.study.candidates.get(self.letter)
        if candidate is None:
            return
        self.title.setText(f"Save {self.letter} {candidate.title} as ONNX")
        self._tell()
        self.present()
        self.save.setFocus()

    def ask_for_file(self) -> None:
        candidate = self.desk.study.candidates[self.letter]
        stem = Path(candidate.file_name).stem or "network"
        end = "" if self.opset.key == OWN else f"-opset{self.opset.key}"
        found = QFileDialog.getSaveFileName(self, "Save as ONNX", f"{stem}{end}.onnx", "ONNX (*.onnx)")[0]
        if found:
            self.write(Path(found if Path(found).suffix else f"{found}.onnx"))

    def write(self, path: Path) -> None:
        """Ask a worker to write it."""
        settings: dict[str, Any] = {"letter": self.letter, "out": str(path)}
        if self.opset.key != OWN:
            settings["opset"] = int(self.opset.key)
        self.save.setEnabled(False)
        self._tell(caption(f"Writing {path.name} …"))
        self.desk.ask("convert", settings, self._written, self._failed)

    def _written(self, answer: dict[str, Any]) -> None:
        self.save.setEnabled(True)
        done = (
            f"{Path(answer['out']).name} is written: {words.megabytes(answer['file_bytes'])}, opset {answer['opset']}."
        )
        lines = [label(done, "strong", wrap=True)]
        told = (("Written in another way", "rewritten"), ("Written out as formulas", "formulas"))
        lines += [caption(f"{what}: {_some(answer[key])}.", wrap=True) for what, key in told if answer[key]]
        self._tell(*lines)

    def _failed(self, error: BaseException) -> None:
        self.save.setEnabled(True)
        self._tell(ErrorCard.of(error))

    def _tell(self, *lines: QWidget) -> None:
        clear(self.outcome)
        for line in lines:
            self.outcome.addWidget(line)
            line.setVisible(self.isVisible())  # at once, so that the sheet knows how high it must be
        if self.isVisible():
            self._place()


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
