"""How a profile is taken: engine, precision, runs, threads, batch, meter. A small sheet under its button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QGridLayout, QSpinBox, QWidget

from app.jobs import HERE
from app.ui import theme
from app.ui.parts.text import caption, label
from app.ui.profile_words import ENGINES
from profiler.measurement import DeviceFacts, ProfileSettings

FIELDS = (
    ("runs", "Runs", 5, 10_000, "End-to-end runs without profiling; all are kept"),
    ("warmup", "Warm-up", 0, 10_000, "Runs before them that are not kept"),
    ("threads", "Threads", 1, 256, "1 is what can be compared best"),
    ("batch", "Batch", 1, 4096, "Images in one run"),
)
CHOICES = (
    ("engine", "Engine", "What runs the network, of those that the device has"),
    ("precision", "Precision", "What TensorRT converts the network to; others run it as it is"),
    ("meter", "Meter", "Where power is read; the most trusted one first"),
)
MARKER = "Three bursts of load before the energy is read, to align an external meter by"
PRECISIONS = {
    "trtexec": ("fp32", "fp16", "int8"),
    "onnxruntime-tensorrt": ("fp32", "fp16"),
}  # engines that convert the network themselves; all others have fp32 alone


class SettingsPopup(QFrame):
    """`changed` carries the settings after every change. Engine, precision and meter belong to the shown device."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("card", "sheet")
        self.setAccessibleName("Settings of a profile")
        self.settings = ProfileSettings()
        self._device, self._facts = HERE, dict[str, DeviceFacts | None]()
        self._chosen: dict[str, dict[str, str]] = {}
        self.fields: dict[str, QSpinBox] = {}
        self.choices: dict[str, QComboBox] = {}
        self.marker = QCheckBox("Marker")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(*[theme.px(16)] * 4)
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(8))
        for key, name, help_ in CHOICES[:2]:
            self._add_choice(key, name, help_)
        for key, name, low, high, help_ in FIELDS:
            self._add_number(key, name, low, high, help_)
        self._add_choice(*CHOICES[2])
        self.marker.setToolTip(MARKER)
        self.marker.toggled.connect(lambda _: self._changed())
        self._add("", self.marker, MARKER)
        self.show_device(HERE, None)

    # ------------------------------------------------------------------ building

    def _add(self, name: str, field: QWidget, help_: str) -> None:
        place = self._grid.rowCount()
        field.setMinimumHeight(theme.px(theme.CONTROL - 2))
        self._grid.addWidget(label(name, "body"), place, 0)
        self._grid.addWidget(field, place, 1)
        self._grid.addWidget(caption(help_), place, 2)

    def _add_number(self, key: str, name: str, low: int, high: int, help_: str) -> None:
        field = QSpinBox()
        field.setRange(low, high)
        field.setValue(getattr(self.settings, key))
        field.setAccessibleName(name)
        field.setToolTip(help_)
        field.valueChanged.connect(lambda _: self._changed())
        self.fields[key] = field
        self._add(name, field, help_)

    def _add_choice(self, key: str, name: str, help_: str) -> None:
        field = QComboBox()
        field.setAccessibleName(name)
        field.setToolTip(help_)
        field.setMinimumWidth(theme.px(190))
        field.activated.connect(lambda _: self._choose(key))
        self.choices[key] = field
        self._add(name, field, help_)

    # ------------------------------------------------------------------ what a device has

    def show_device(self, name: str, facts: DeviceFacts | None) -> None:
        """Offer what this device has; what was chosen for it before stays chosen."""
        self._device, self._facts[name] = name, facts
        self.settings = self.settings_for(name)
        self._fill("engine", [(e, ENGINES.get(e, e)) for e in engines_of(facts)])
        self._fill("precision", [(p, p) for p in PRECISIONS.get(self.settings.engine, ("fp32",))])
        self._fill("meter", [("", "The most trusted"), *((m, m) for m in (facts.meters if facts else ()))])

    def _fill(self, key: str, options: Sequence[tuple[str, str]]) -> None:
        field = self.choices[key]
        field.blockSignals(True)
        field.clear()
        for value, said in options:
            field.addItem(said, value)
        field.setCurrentIndex(max(field.findData(getattr(self.settings, key)), 0))
        field.setEnabled(len(options) > 1)
        field.blockSignals(False)

    def settings_for(self, name: str, facts: DeviceFacts | None = None) -> ProfileSettings:
        """The settings as they are for a device: what was chosen for it, of what it has."""
        facts = facts or self._facts.get(name)
        chosen = self._chosen.get(name, {})
        engines = engines_of(facts)
        engine = chosen.get("engine", "")
        engine = engine if engine in engines else engines[0]
        able = PRECISIONS.get(engine, ("fp32",))
        precision, meter = chosen.get("precision", ""), chosen.get("meter", "")
        return replace(
            self.settings,
            engine=engine,
            precision=precision if precision in able else able[0],
            meter=meter if facts is not None and meter in facts.meters else "",
        )

    def _choose(self, key: str) -> None:
        self._chosen.setdefault(self._device, {})[key] = str(self.choices[key].currentData())
        self.show_device(self._device, self._facts[self._device])
        self.changed.emit(self.settings)

    def _changed(self) -> None:
        numbers = {key: field.value() for key, field in self.fields.items()}
        self.settings = replace(self.settings, marker=self.marker.isChecked(), **numbers)
        self.changed.emit(self.settings)

    def open_under(self, anchor: QWidget) -> None:
        """Right aligned with its button."""
        self.adjustSize()
        corner = anchor.mapToGlobal(anchor.rect().bottomRight())
        self.move(corner - QPoint(self.width(), -4))
        self.show()
        self.fields["runs"].setFocus()


def engines_of(facts: DeviceFacts | None) -> list[str]:
    """Those that the device has, onnxruntime first where it is there; it is the one to hope for where nothing is
    known."""
    known = list(facts.engines) if facts is not None else []
    return sorted(known, key=lambda name: name != "onnxruntime") or ["onnxruntime"]
