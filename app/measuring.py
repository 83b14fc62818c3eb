"""The part of the flow that ends on a device: profile, compare, sweep, and what was measured elsewhere.

Generators of progress and facts that run on a worker, as in `app.pipeline`. When a board's line is lost, what was heard
until then is recorded first, and then the failure is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import words
from app.boards import reached
from app.facts import Compared, Profiled, Swept
from app.metering import metered
from app.networks import candidate_network, scratch, stored
from app.steps import Steps
from profiler.errors import Failed
from profiler.measurement import Memory, Profile, ProfileSettings, percentile
from profiler.plain import from_plain
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    from profiler.network import Network


def profile(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Time, memory and power of the candidate on a device, layer by layer."""
    from devices.session import LineLost
    from profiler.trace import outline

    chosen = reached(settings)
    path = yield from stored(settings)
    network = candidate_network(settings)
    how = _how(settings)
    try:
        measured = yield from chosen.profile(path, outline(network), how)
    except LineLost as lost:
        partial = lost.partial
        if not isinstance(partial, Profile):
            raise
        yield Profiled(settings["letter"], chosen.name, with_computed_memory(partial, network))
        raise _kept(lost, f"{len(partial.latencies_ms)} of {words.plural(how.runs, 'run')}") from None
    yield Profiled(settings["letter"], chosen.name, with_computed_memory(measured, network))
    return {}


def sweep(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Latency and throughput of the candidate at several batch sizes and numbers of threads."""
    from devices.session import LineLost
    from profiler.sweep import Sweep

    chosen = reached(settings)
    path = yield from stored(settings)
    batches, threads = settings["batches"], settings["threads"]
    try:
        found = yield from chosen.sweep(path, _how(settings), batches, threads)
    except LineLost as lost:
        partial = lost.partial
        if not isinstance(partial, Sweep):
            raise
        yield Swept(settings["letter"], chosen.name, partial)
        raise _kept(lost, f"{len(partial.points)} of {len(batches) * len(threads)} points") from None
    yield Swept(settings["letter"], chosen.name, found)
    return {}


def _how(settings: Mapping[str, Any]) -> ProfileSettings:
    return from_plain(settings.get("settings") or {}, ProfileSettings)


def _kept(lost: Failed, what: str) -> Failed:
    """The failure in words that say what is kept; without the values that were kept, which are in the study now."""
    from devices.session import LineLost

    return LineLost(
        lost.what, " ".join(part for part in (f"{what} are kept in the study.", lost.fix) if part), lost.evidence
    )


def with_computed_memory(profile: Profile, network: Network) -> Profile:
    """The profile with what the graph says of memory beside what was measured; activations scale with the batch."""
    from profiler.breakdown import breakdown
    from profiler.memory import peak_activation_bytes

    peak = peak_activation_bytes(network)
    computed = replace(
        profile.memory or Memory(None, None, None, None),
        weights_mb=breakdown(network).totals().weight_bytes / 1e6,
        peak_activation_mb=None if peak is None else peak * profile.settings.batch / 1e6,
    )
    return replace(profile, memory=computed)


def latency(settings: Mapping[str, Any]) -> Callable[[Network], Job[float]]:
    """What methods are handed as `Context.measure`: the time of a network on the device that `settings` names, in ms.

    The lower quartile of a fresh process's runs on one thread, as comparisons count a turn: less is noise in it than in
    the median. Nobody is contacted before the first network is measured.
    """

    def measure(network: Network) -> Job[float]:
        from profiler.network import save

        chosen, how = reached(settings), ProfileSettings(warmup=5, runs=30)
        with scratch(Path(settings["objects"]), ".onnx") as path:
            save(network, path)
            found = yield from chosen.sweep(path, how, [how.batch], [how.threads])
        point = found.points[0]
        if not point.latencies_ms:
            raise Failed(f"The network did not run on {chosen.title}.", "Choose another device.", point.refused)
        return percentile(point.latencies_ms, 0.25)

    return measure


def compare(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Several candidates timed in turn on a device. `settings["networks"]` is a list of {letter, source}."""
    chosen = reached(settings)
    paths: list[Path] = []
    for each in settings["networks"]:
        path = yield from stored({**settings, **each})
        paths.append(path)
    letters = tuple(str(each["letter"]) for each in settings["networks"])
    result = yield from chosen.compare(paths, letters, _how(settings), settings.get("rounds", 20))
    yield Compared(letters, chosen.name, result)
    return {}


def import_profile(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """What another tool wrote of the candidate's run, as a profile of a named device, marked as imported."""
    from profiler import imports
    from profiler.trace import outline

    paths = [Path(path) for path in settings["paths"]]
    yield Progress(0.0, f"Reading {words.listed(path.name for path in paths)}")
    network = candidate_network(settings)
    found = imports.read(paths, outline(network), str(settings["device"]), network=str(settings.get("title", "")))
    yield Profiled(settings["letter"], str(settings["device"]), with_computed_memory(found, network))
    return {"message": f"{found.imported} is now a profile of {settings['letter']} on {settings['device']}."}


def meter(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """An external meter's readings beside a profile, which is recorded anew with its power."""
    yield Progress(0.0, f"Reading {Path(settings['path']).name}")
    measured = from_plain(settings["profile"], Profile)
    power, where = metered(Path(settings["path"]), measured, settings.get("offset_s"))
    yield Profiled(settings["letter"], str(settings["device"]), replace(measured, power=power))
    energy = words.millijoules(power.energy_mj)
    return {"message": f"Energy per inference by {Path(settings['path']).name}: {energy}. {where.found}"}
