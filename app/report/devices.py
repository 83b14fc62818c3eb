"""The report's parts about devices: one card a profile, and the comparisons that were timed in turn."""

from __future__ import annotations

from statistics import median
from typing import Any

from app import words
from app.facts import Compared
from app.markers import markers
from app.power_words import memory_lines, power_lines
from app.report import svg
from app.report.road import battery_words
from app.report.traces import power_trace
from app.study import Candidate, Study
from profiler.breakdown import Breakdown
from profiler.measurement import DeviceFacts, LayerTiming, Load, Profile, ProfileSettings

Row = dict[str, Any]
FAR = 2.0  # medians


def profiles(study: Study) -> list[Row]:
    """Every newest profile of every shown candidate, in order of birth."""
    return [
        _profile(study, candidate, name, profile)
        for candidate in study.shown()
        for name, profile in candidate.profiles.items()
    ]


def _profile(study: Study, candidate: Candidate, name: str, profile: Profile) -> Row:
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "marker": svg.marker(markers(study).get(candidate.letter)),
        "device": words.device(name, profile.device.model),
        "at": words.moment(profile.at),
        "facts": device_facts(profile.device) + settings_facts(profile.settings) + load_facts(profile.load),
        "warnings": list(profile.load.warnings),
        "imported": profile.imported,
        **(
            _end_to_end(profile)
            if profile.latencies_ms
            else {"median": words.not_measured, "spread": "", "runs": "", "dots": None}
        ),
        "rows": _rows(profile, candidate.breakdown),
        "sum": _sum(profile, candidate.breakdown),
        "memory": memory_lines(profile),
        "power": power_lines(profile) + _battery(study, profile),
        "trace": power_trace(profile.power) if profile.power is not None else None,
    }


def _end_to_end(profile: Profile) -> Row:
    state = "imported" if profile.imported else "measured"
    return {
        "median": words.marked(words.milliseconds(profile.median_ms), state),
        "spread": f"p5 {words.milliseconds(profile.p5_ms)} · p95 {words.milliseconds(profile.p95_ms)}",
        "runs": runs_words(profile),
        "dots": _dots(profile),
    }


def device_title(study: Study, device: str) -> str:
    """How a device calls itself."""
    for candidate in study.candidates.values():
        if device in candidate.profiles:
            return words.device(device, candidate.profiles[device].device.model)
    return words.device(device)


def runs_words(profile: Profile) -> str:
    """50 runs after 10 to warm up, or how many of them an interrupted one has."""
    done, settings = len(profile.latencies_ms), profile.settings
    if profile.imported:
        return f"{words.plural(done, 'latency', 'latencies')}, imported from {profile.imported}"
    counted = (
        words.plural(done, "run")
        if profile.complete
        else f"{done} of {words.plural(settings.runs, 'run')}, interrupted"
    )
    return f"{counted} after {settings.warmup} to warm up, without profiling"


def device_facts(device: DeviceFacts) -> list[tuple[str, str]]:
    """What the device said of itself; what it did not say is left out."""
    engines = ", ".join(f"{engine} {version}" for engine, version in device.engines.items())
    locked = {True: "locked", False: "not locked", None: ""}[device.clocks_locked]
    facts = [
        ("Device", words.device(device.name, device.model)),
        ("Processor", device.cpu),
        ("Cores", str(device.cores) if device.cores is not None else ""),
        ("Memory", f"{words.significant(device.memory_mb / 1000)} GB" if device.memory_mb is not None else ""),
        ("System", device.system),
        ("Python", device.python),
        ("Engines", engines),
        ("GPU", device.gpu),
        ("L4T", device.l4t),
        ("JetPack", device.jetpack),
        ("CUDA", device.cuda),
        ("Power mode", device.power_mode),
        ("Clocks", " · ".join(part for part in (device.clocks, locked) if part)),
        ("Throttling", device.throttling),
        ("Power can be read by", ", ".join(device.meters)),
    ]
    return [(label, text) for label, text in facts if text]


def settings_facts(settings: ProfileSettings) -> list[tuple[str, str]]:
    said = [
        ("Engine used", settings.engine),
        ("Precision", settings.precision),
        ("Threads", str(settings.threads) if settings.threads else ""),
        ("Batch", str(settings.batch)),
        ("Meter asked for", settings.meter),
        ("Marker", "three bursts of load" if settings.marker else ""),
    ]
    return [(label, text) for label, text in said if text]


def load_facts(load: Load) -> list[tuple[str, str]]:
    """Share of all cores that was busy around the run."""
    before = words.percent(load.before, 0) if load.before is not None else words.not_measured
    after = words.percent(load.after, 0) if load.after is not None else words.not_measured
    return [("Load before", before), ("Load after", after)]


def _dots(profile: Profile) -> Row:
    """In microseconds where milliseconds would be all noughts. Runs beyond twice the median are told, not drawn."""
    small = profile.median_ms < 1
    near = [ms for ms in profile.latencies_ms if ms <= FAR * profile.median_ms]
    beyond = len(profile.latencies_ms) - len(near)
    factor = 1000 if small else 1
    drawing = svg.dots([factor * ms for ms in near], factor * profile.median_ms, "µs" if small else "ms")
    slowest = words.milliseconds(max(profile.latencies_ms))
    told = f"{words.plural(beyond, 'run')} beyond, the slowest {slowest}" if beyond else ""
    return {"drawing": drawing, "beyond": told}


def _kind(covers: tuple[str, ...], breakdown: Breakdown) -> str:
    kinds = [layer.kind for name in covers if (layer := breakdown.layer(name)) is not None]
    return next((kind for kind in kinds if kind != "other"), "other")


def _rows(profile: Profile, breakdown: Breakdown) -> list[Row]:
    longest = max((row.median_us for row in profile.layers), default=0.0)
    total = sum(row.median_us for row in profile.layers)
    return [_row(row, longest, total, breakdown) for row in profile.layers]


def _row(row: LayerTiming, longest: float, total: float, breakdown: Breakdown) -> Row:
    return {
        "name": " + ".join(row.covers) or row.name,
        "kind": _kind(row.covers, breakdown),
        "time": words.milliseconds(row.median_us / 1000),
        "bar": row.median_us / longest if longest else 0.0,
        "share": words.percent(row.median_us / total) if total else "",
    }


def _sum(profile: Profile, breakdown: Breakdown) -> Row | None:
    """Does it add up? Layers + unattributed = end to end, nothing scaled to fit."""
    if not profile.layers or not profile.latencies_ms:
        return None
    found = profile.reconciliation
    whole = max(found.end_to_end_ms, found.layers_sum_ms)
    by_kind = {"conv": 0.0, "fc": 0.0, "other": 0.0}
    for row in profile.layers:
        by_kind[_kind(row.covers, breakdown)] += row.median_us / 1000
    parts = [*by_kind.items(), ("rest", max(found.unattributed_ms, 0.0))]
    segments = [svg.Segment(kind, ms / whole, words.milliseconds(ms)) for kind, ms in parts if whole]
    overhead = found.profiling_overhead_pct
    return {
        "bar": svg.stacked(segments, "Layers by kind, and unattributed time, as parts of the end-to-end time"),
        "layers": words.milliseconds(found.layers_sum_ms),
        "unattributed": words.milliseconds(found.unattributed_ms),
        "unmatched": words.milliseconds(found.unmatched_ms) if found.unmatched_ms else "",
        "end_to_end": words.milliseconds(found.end_to_end_ms),
        "overhead": words.not_measured if overhead is None else f"{overhead:+.1f} %".replace("-", "−"),
    }


def _battery(study: Study, profile: Profile) -> list[tuple[str, str]]:
    told = battery_words(profile, study.battery)
    return [] if told is None else [("Battery", told[0]), *([("", told[1])] if told[1] else [])]


# -------------------------------------------------------------------------- comparisons


def comparisons(study: Study) -> list[Row]:
    """Every comparison, the newest first."""
    return [_comparison(study, fact) for fact in reversed(study.comparisons)]


def _comparison(study: Study, fact: Compared) -> Row:
    comparison = fact.comparison
    letters = dict(zip(comparison.networks, fact.letters, strict=False))
    return {
        "letters": words.listed(fact.letters),
        "device": words.device(fact.device, comparison.device.model),
        "at": words.moment(comparison.at),
        "rounds": words.plural(max((len(rounds) for rounds in comparison.rounds_ms), default=0), "round"),
        "facts": settings_facts(comparison.settings) + load_facts(comparison.load),
        "warnings": list(comparison.load.warnings),
        "medians": [
            (letters.get(label, label), _title(study, letters.get(label, label)), words.milliseconds(median(rounds)))
            for label, rounds in zip(comparison.networks, comparison.rounds_ms, strict=False)
            if rounds
        ],
        "ratios": [
            (
                letters.get(r.a, r.a),
                letters.get(r.b, r.b),
                words.ratio_words(r),
                words.times(r.ratio),
                words.interval(r),
                r.verdict,
            )
            for r in comparison.ratios
        ],
    }


def _title(study: Study, letter: str) -> str:
    return study.candidates[letter].title if letter in study.candidates else ""
