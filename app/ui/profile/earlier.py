"""Every profile that is known of a study's candidates, as what another's times can be held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from app import words
from app.study import Study
from app.ui.devices.roster import device_title
from profiler.measurement import Profile


@dataclass(frozen=True)
class Earlier:
    """One profile: whose, where, and which. `here`: on the device that is shown."""

    letter: str
    title: str
    profile: Profile
    here: bool

    @property
    def device(self) -> str:
        return self.profile.device.name

    @property
    def key(self) -> str:
        """Names it as long as the study lives: two profiles of one candidate never began at the same moment."""
        return f"{self.letter}|{self.device}|{self.profile.at}|{self.profile.imported}"

    @property
    def short(self) -> str:
        """A · A on tx2-lab: who the ticks are of."""
        return self.letter if self.here else f"{self.letter} on {device_title(self.device)}"

    @property
    def engine(self) -> str:
        """onnxruntime 1.20.1 fp32."""
        how = self.profile.settings
        return words_of_engine(how.engine, self.profile.device.engines.get(how.engine, ""), how.precision)

    @property
    def when(self) -> str:
        return words.moment(self.profile.at)

    @property
    def figure(self) -> str:
        return end_to_end_words(self.profile)

    @property
    def line(self) -> str:
        """A  Baseline · 2026-11-22 12:00 UTC · onnxruntime 1.20.1 fp32 · 41.2 ms."""
        return "  ·  ".join((f"{self.letter}  {self.title}", self.when, self.engine, self.figure))


def words_of_engine(engine: str, version: str, precision: str) -> str:
    return " ".join(part for part in (engine, version, precision) if part)


def end_to_end_words(profile: Profile) -> str:
    """Its median; of an import without one, the sum of its layers, which is not the same."""
    if profile.latencies_ms:
        text = words.milliseconds(profile.median_ms)
    elif profile.layers:
        text = f"layers {words.milliseconds(layers_ms(profile))}"
    else:
        return words.not_measured
    return words.marked(text, "imported" if profile.imported else "measured")


def layers_ms(profile: Profile) -> float:
    """The layers' medians added up."""
    return sum(median(layer.microseconds) for layer in profile.layers if layer.microseconds) / 1000


def earlier(study: Study, letter: str, device: str, shown: Profile | None = None) -> list[Earlier]:
    """All profiles with layers but the one that is `shown`: this candidate's here first, the newest of each first."""
    found = [
        Earlier(candidate.letter, candidate.title, profile, profile.device.name == device)
        for candidate in study.shown()
        for profile in candidate.history
        if profile.layers and profile is not shown
    ]
    found.sort(key=lambda one: _second(one.profile), reverse=True)
    parent = study.candidates[letter].parent if letter in study.candidates else None
    return sorted(found, key=lambda one: (not one.here, one.device if not one.here else "", *_kin(one, letter, parent)))


def _second(profile: Profile) -> float:
    """When, as seconds; a time that cannot be read comes last."""
    try:
        return datetime.fromisoformat(profile.at).timestamp()
    except ValueError:
        return 0.0


def _kin(one: Earlier, letter: str, parent: str | None) -> tuple[bool, bool, int, str]:
    return one.letter != letter, one.letter != parent, len(one.letter), one.letter


def usual(found: Sequence[Earlier], parent: str | None) -> Earlier | None:
    """Whose times the ticks are until a person chooses: the parent's newest on this device."""
    return next((one for one in found if one.here and one.letter == parent), None)
