"""How a profile is taken: runs, warm-up, threads, batch. A small sheet under its button."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QSpinBox, QWidget

from app.ui import theme
from app.ui.parts.text import caption, label
from profiler.measurement import ProfileSettings

FIELDS = (
    ("runs", "Runs", 5, 10_000, "End-to-end runs without profiling; all are kept"),
    ("warmup", "Warm-up", 0, 10_000, "Runs before them that are not kept"),
    ("threads", "Threads", 1, 256, "1 is what can be compared best"),
    ("batch", "Batch", 1, 4096, "Images in one run"),
)


class SettingsPopup(QFrame):
    """`changed` carries the settings after every change."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("card", "sheet")
        self.setAccessibleName("Settings of a profile")
        self.settings = ProfileSettings()
        self.fields: dict[str, QSpinBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(*[theme.px(16)] * 4)
        grid.setHorizontalSpacing(theme.px(16))
        grid.setVerticalSpacing(theme.px(8))
        for place, (key, name, low, high, help_) in enumerate(FIELDS):
            field = QSpinBox()
            field.setRange(low, high)
            field.setValue(getattr(self.settings, key))
            field.setAccessibleName(name)
            field.setToolTip(help_)
            field.setMinimumHeight(theme.px(theme.CONTROL - 2))
            field.valueChanged.connect(lambda _: self._changed())
            self.fields[key] = field
            grid.addWidget(label(name, "body"), place, 0)
            grid.addWidget(field, place, 1)
            grid.addWidget(caption(help_), place, 2)

    def _changed(self) -> None:
        self.settings = replace(self.settings, **{key: field.value() for key, field in self.fields.items()})
        self.changed.emit(self.settings)

    def open_under(self, anchor: QWidget) -> None:
        """Right aligned with its button."""
        self.adjustSize()
        corner = anchor.mapToGlobal(anchor.rect().bottomRight())
        self.move(corner - QPoint(self.width(), -4))
        self.show()
        self.fields["runs"].setFocus()
