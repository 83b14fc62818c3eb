"""What the Profile page says of a device, a profile and its memory."""

from __future__ import annotations

from dataclasses import dataclass

from app import words
from app.jobs import HERE
from app.timing_rows import AddsUp
from app.ui.devices.roster import device_title
from app.ui.parts.bars import Part
from profiler.breakdown import KIND_NAMES, KINDS
from profiler.measurement import DeviceFacts, Profile, ProfileSettings

UNLOCKED = "Clocks not locked. Run sudo jetson_clocks, or compare only interleaved runs."

ENGINES = {
    "onnxruntime": "ONNX Runtime",
    "onnxruntime-cuda": "ONNX Runtime on CUDA",
    "onnxruntime-tensorrt": "ONNX Runtime on TensorRT",
    "trtexec": "TensorRT",
    "opencv": "OpenCV",
    "opencv-cuda": "OpenCV on CUDA",
    "caffe": "Caffe",
    "caffe-gpu": "Caffe on the GPU",
}  # as DeviceFacts.engines names them


@dataclass(frozen=True)
class FactWords:
    """One fact of the strip: `fine` True has a ✓, False is amber."""

    name: str
    text: str
    fine: bool | None = None
    tip: str = ""


def strip(device: DeviceFacts | None, profile: Profile | None, settings: ProfileSettings) -> list[FactWords]:
    """Machine, system, load, engine and how it is run; from the profile where there is one."""
    facts = profile.device if profile is not None else device
    how = profile.settings if profile is not None else settings
    shown = _machine(facts) if facts is not None else []
    if profile is not None and profile.load.before is not None:
        busy = any("busy" in warning for warning in profile.load.warnings)
        tip = " ".join(profile.load.warnings)
        shown.append(FactWords("Load before", words.percent(profile.load.before, 0), not busy, tip))
    if profile is not None and profile.imported:
        shown.append(FactWords("Imported from", profile.imported))
    else:
        shown.append(FactWords("Engine", engine_words(how, facts)))
        shown.append(FactWords("Runs", f"{how.runs} after {how.warmup}"))
        shown.append(FactWords("Threads", str(how.threads)))
    shown.append(FactWords("Batch", str(how.batch)))
    shown.append(_meter(facts, profile, how))
    return [fact for fact in shown if fact.text]


def _machine(facts: DeviceFacts) -> list[FactWords]:
    here = facts.name == HERE
    cores = f", {words.plural(facts.cores, 'core')}" if facts.cores else ""
    system = ", ".join(
        part
        for part in (f"L4T {facts.l4t}" * bool(facts.l4t), f"JetPack {facts.jetpack}" * bool(facts.jetpack))
        if part
    )
    tip = "\n".join(p for p in (facts.system, f"CUDA {facts.cuda}" * bool(facts.cuda)) if p)
    made = [
        FactWords(
            "Machine" if here else "Board",
            facts.model or facts.cpu or device_title(facts.name),
            tip="\n".join(p for p in (f"{facts.cpu}{cores}".strip(", "), facts.gpu) if p),
        ),
        FactWords("System", system or facts.system, tip=tip),
        FactWords("Power mode", facts.power_mode),
        _clocks(facts),
    ]
    if facts.throttling:
        made.append(FactWords("Throttling", facts.throttling, fine=False))
    return made


def _clocks(facts: DeviceFacts) -> FactWords:
    if facts.clocks_locked is None:
        return FactWords("Clocks", facts.clocks)
    said = "locked" if facts.clocks_locked else "not locked"
    tip = "\n".join(p for p in ("" if facts.clocks_locked else UNLOCKED, facts.clocks) if p)
    return FactWords("Clocks", said, facts.clocks_locked, tip)


def engine_words(how: ProfileSettings, facts: DeviceFacts | None) -> str:
    """TensorRT 8.2, fp32."""
    version = facts.engines.get(how.engine, "") if facts is not None else ""
    return f"{ENGINES.get(how.engine, how.engine)} {version}".strip() + f", {how.precision}"


def _meter(facts: DeviceFacts | None, profile: Profile | None, how: ProfileSettings) -> FactWords:
    """What was read; before a run, what will be."""
    found = "Found: " + ", ".join(facts.meters) if facts is not None and facts.meters else ""
    if profile is not None:
        power = profile.power
        said = (power.imported and "external") or power.source if power is not None else "none"
        rail = f"{power.rail}, {power.imported}".strip(", ") if power is not None else ""
        return FactWords("Meter", "" if profile.imported and power is None else said, tip=rail or found)
    if facts is None:
        return FactWords("Meter", "")
    return FactWords("Meter", how.meter or (facts.meters[0] if facts.meters else "none"), tip=found)


def notes(device: DeviceFacts | None, profile: Profile | None) -> list[str]:
    """What may disturb a measurement, and what to do: of the profile that is shown, else of the device as it is."""
    facts = profile.device if profile is not None else device
    said = list(profile.load.warnings) if profile is not None else []
    if facts is not None and facts.clocks_locked is False and not any("jetson_clocks" in text for text in said):
        said.append(UNLOCKED)
    return said


def runs_words(profile: Profile) -> str:
    """`50 runs, no profiling`, or how many an interrupted profile has."""
    done = len(profile.latencies_ms)
    if profile.imported:
        return f"{words.plural(done, 'run')}, imported" if done else "imported"
    if profile.complete:
        return f"{words.plural(done, 'run')}, no profiling"
    return f"{done} of {words.plural(profile.settings.runs, 'run')}, interrupted"


def state_of(profile: Profile) -> words.State:
    """The mark that all its figures bear."""
    if profile.imported:
        return "imported"
    return "measured" if profile.complete else "interrupted"


def memory_lines(profile: Profile) -> list[tuple[str, str, str]]:
    """(what, figure, what it is made of) of the fresh process's own memory, beside what was computed."""
    held = profile.memory
    if held is None:
        return [("Memory, private", words.not_measured, "")]
    known = [("weights", held.weights_mb), ("activations at their peak", held.peak_activation_mb)]
    parts = [f"{name} {_megabytes(value)}" for name, value in known if value is not None]
    lines = [
        ("Memory, after run", _megabytes(held.after_run_mb), "private bytes of the fresh process"),
        ("Memory, after load", _megabytes(held.after_load_mb), "computed: " + ", ".join(parts) if parts else ""),
    ]
    if held.gpu_mb is not None:
        lines.append(("Memory, GPU", _megabytes(held.gpu_mb), "of this process after the run, as the board tells it"))
    return lines


def _megabytes(value: float | None) -> str:
    return words.not_measured if value is None else words.megabytes(1e6 * value)


def energy_line(profile: Profile) -> tuple[str, str, str]:
    """Energy of one inference, and how it was measured."""
    power = profile.power
    if power is None or power.energy_mj is None:
        return ("Energy, one inference", words.not_measured, "")
    rate = f" at {words.significant(power.rate_hz, 2)} Hz" if power.rate_hz else ""
    read = f", read by {power.source}" if power.source and not power.imported else ""
    file = f", from {power.imported}" if power.imported else ""
    how = f"{power.rail or 'Power'} less idle{read}{file}: {words.plural(power.samples, 'sample')}{rate}"
    return ("Energy, one inference", words.millijoules(power.energy_mj), how)


def power_line(profile: Profile) -> tuple[str, str, str] | None:
    """Mean power of the run, idle before and after, and what reading the meter itself took."""
    power = profile.power
    if power is None or power.mean_watts is None:
        return None
    idle = f"idle {_watts(power.idle_watts)} before"
    idle += f", {_watts(power.idle_after_watts)} after" if power.idle_after_watts is not None else ""
    cost = f"; the monitor took {words.percent(power.monitor_cpu)} of one core" if power.monitor_cpu is not None else ""
    return ("Power, mean of the run", _watts(power.mean_watts), idle + cost)


def _watts(watts: float) -> str:
    return f"{words.significant(watts)} W"


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
    if not letter:
        return "There is no candidate to measure yet."
    return f"{letter} has not run on {'this computer' if device == 'cpu' else device}."
