"""Memory, power and energy of a profile in words: what was read, by what, and how far to trust it."""

from __future__ import annotations

from app import words
from profiler.measurement import Profile
from profiler.power import PowerTrace

LEAST_WATTS = 1e-6  # no meter tells less
NO_METER = "this device has no meter that could be read"
NO_IMPORT = "what was measured elsewhere has no power beside it"


def memory_lines(profile: Profile) -> list[tuple[str, str]]:
    """Private bytes beside what was counted; GPU memory where the board tells it."""
    memory = profile.memory
    figures = {
        "Own memory after loading": memory.after_load_mb if memory else None,
        "Own memory after running": memory.after_run_mb if memory else None,
        "Weights, counted": memory.weights_mb if memory else None,
        "Largest activations, counted": memory.peak_activation_mb if memory else None,
    }
    if memory is not None and memory.gpu_mb is not None:
        figures["GPU memory after running"] = memory.gpu_mb
    return [(label, words.megabytes(None if mb is None else 1e6 * mb)) for label, mb in figures.items()]


def power_lines(profile: Profile) -> list[tuple[str, str]]:
    """Energy with what it was read from; mean and idle power; each rail; what reading the meter cost."""
    power = profile.power
    if power is None:
        return [("Energy", f"{words.not_measured}: {NO_IMPORT if profile.imported else NO_METER}")]
    lines = [("Energy per inference", energy_words(power))]
    if power.mean_watts is not None:
        lines.append(("Mean power", f"{watts(power.mean_watts)} over the run, idle {idle_words(power)}"))
    if power.rails:
        each = ", ".join(f"{rail.name} {watts(_mean(power, rail.watts))}" for rail in power.rails)
        lines.append(("Other rails, never summed", each))
    if power.monitor_cpu is not None:
        lines.append(("Reading the meter cost", f"{words.percent(power.monitor_cpu)} of one core"))
    return lines


def energy_words(power: PowerTrace) -> str:
    """96.0 mJ above idle: VDD_IN by jtop, 21 samples at 10.0 Hz"""
    if power.energy_mj is None:
        return f"{words.not_measured}: only {words.plural(power.samples, 'sample')} fell into the run"
    energy = words.marked(words.millijoules(_rounded(power)), "imported" if power.imported else "measured")
    rate = f" at {words.significant(power.rate_hz)} Hz" if power.rate_hz is not None else ""
    by = f"the file {power.imported}" if power.imported else power.source
    return f"{energy} above idle: {power.rail} by {by}, {words.plural(power.samples, 'sample')}{rate}"


def _rounded(power: PowerTrace) -> float | None:
    """Energy less what arithmetic on floats leaves of a run that draws as much as idling: there it is 0."""
    if power.energy_mj is None or power.mean_watts is None:
        return None
    return 0.0 if abs(power.mean_watts - power.baseline_watts) < LEAST_WATTS else power.energy_mj


def idle_words(power: PowerTrace) -> str:
    """3.10 W before, 3.14 W after"""
    if power.idle_after_watts is None:
        return f"{watts(power.idle_watts)} before"
    return f"{watts(power.idle_watts)} before, {watts(power.idle_after_watts)} after"


def watts(value: float | None) -> str:
    return words.not_measured if value is None else f"{words.significant(value)} W"


def _mean(power: PowerTrace, values: tuple[float | None, ...]) -> float | None:
    """Of a rail's readings in the run window; it is only looked at, so their plain mean will do."""
    inside = [
        value
        for second, value in zip(power.seconds, values, strict=False)
        if value is not None and power.run_start <= second <= power.run_stop
    ]
    return sum(inside) / len(inside) if inside else None
