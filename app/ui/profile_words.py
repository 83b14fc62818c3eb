"""What the Profile page says of a device, a profile and its memory."""

from __future__ import annotations

from dataclasses import dataclass

from app import words
from app.timing_rows import AddsUp
from app.ui.parts.bars import Part
from profiler.breakdown import KIND_NAMES, KINDS
from profiler.measurement import DeviceFacts, Profile, ProfileSettings

NO_METER = (
    "Energy needs a power meter that NetBonsai can read while the network runs. None was found on this device, "
    "so nothing is shown in its place."
)


@dataclass(frozen=True)
class FactWords:
    """One fact of the strip: `fine` True has a ✓, False is amber."""

    name: str
    text: str
    fine: bool | None = None
    tip: str = ""


def device_title(name: str) -> str:
    return "This computer" if name == "cpu" else name


def strip(device: DeviceFacts | None, profile: Profile | None, settings: ProfileSettings) -> list[FactWords]:
    """Machine, system, load, engine and how it is run; from the profile where there is one."""
    facts = profile.device if profile is not None else device
    how = profile.settings if profile is not None else settings
    shown: list[FactWords] = []
    if facts is not None:
        cores = f", {words.plural(facts.cores, 'core')}" if facts.cores else ""
        shown.append(FactWords("Machine", facts.model or facts.cpu or device_title(facts.name), tip=facts.cpu + cores))
        shown.append(FactWords("System", facts.system))
        shown.append(FactWords("Power mode", facts.power_mode))
        shown.append(FactWords("Clocks", facts.clocks))
        version = facts.engines.get(how.engine, "")
        shown.append(FactWords("Engine", f"{how.engine} {version}".strip()))
    if profile is not None and profile.load.before is not None:
        shown.append(FactWords("Load before", words.percent(profile.load.before, 0), not profile.load.warnings))
    shown.append(FactWords("Runs", f"{how.runs} after {how.warmup}"))
    shown.append(FactWords("Threads", str(how.threads)))
    shown.append(FactWords("Batch", str(how.batch)))
    return [fact for fact in shown if fact.text]


def runs_words(profile: Profile) -> str:
    """`50 runs, no profiling`, or how many an interrupted profile has."""
    done = len(profile.latencies_ms)
    if profile.complete:
        return f"{words.plural(done, 'run')}, no profiling"
    return f"{done} of {words.plural(profile.settings.runs, 'run')}, interrupted"


def memory_lines(profile: Profile) -> list[tuple[str, str, str]]:
    """(what, figure, what it is made of) of the fresh process's own memory, beside what was computed."""
    held = profile.memory
    if held is None:
        return [("Memory, private", words.not_measured, "")]
    known = [("weights", held.weights_mb), ("activations at their peak", held.peak_activation_mb)]
    parts = [f"{name} {_megabytes(value)}" for name, value in known if value is not None]
    return [
        ("Memory, after run", _megabytes(held.after_run_mb), "private bytes of the fresh process"),
        ("Memory, after load", _megabytes(held.after_load_mb), "computed: " + ", ".join(parts) if parts else ""),
    ]


def _megabytes(value: float | None) -> str:
    return words.not_measured if value is None else words.megabytes(1e6 * value)


def energy_line(profile: Profile) -> tuple[str, str, str]:
    """Energy of one inference, and how it was measured."""
    power = profile.power
    if power is None or power.energy_mj is None:
        return ("Energy, one inference", words.not_measured, "")
    how = f"{power.rail} less idle, {words.plural(len(power.seconds), 'sample')}"
    return ("Energy, one inference", words.millijoules(power.energy_mj), how)


def sum_parts(found: AddsUp) -> list[Part]:
    """The layers by kind, then what belongs to no layer (hatched)."""
    parts = [
        Part(
            kind,
            found.by_kind[kind] / found.end_to_end_ms,
            "",
            f"{KIND_NAMES[kind]}: {words.milliseconds(found.by_kind[kind])}",
            kind,
            f"on_{kind}",
        )
        for kind in KINDS
        if found.by_kind[kind] > 0
    ]
    rest = found.unattributed_ms
    if rest > 0:
        tip = f"Unattributed: {words.milliseconds(rest)}, time that belongs to no layer"
        parts.append(Part("rest", rest / found.end_to_end_ms, "", tip, "muted", "surface", hatched=True))
    return parts


def sum_words(found: AddsUp) -> list[tuple[str, str]]:
    """layers 18.63 + unattributed 0.27 = end to end 18.90 ms · profiling itself + 3.2 %"""
    sign = "−" if found.unattributed_ms < 0 else "+"
    return [
        ("layers", words.significant(found.layers_ms, 4)),
        (f"{sign} unattributed", words.significant(abs(found.unattributed_ms), 3)),
        ("= end to end", f"{words.significant(found.end_to_end_ms, 4)} ms"),
        ("profiling itself", found.overhead_words),
    ]


def not_run(letter: str, device: str) -> str:
    return f"{letter} has not run on {'this computer' if device == 'cpu' else device}."
