"""“No faster, because…”: why a smaller network takes as long as before. Only measured and counted facts are named."""

from __future__ import annotations

from app import words
from app.against import Speed, speed
from app.board_reasons import board_reasons, same_network_reasons
from app.reason import Reason
from app.study import Candidate, Study
from profiler.breakdown import LayerCost
from profiler.measurement import LayerTiming, Profile

__all__ = ["Reason", "no_faster"]

HEAVY = 0.15  # a layer with less of the time than this is not why the whole is no faster
FALLEN = 0.98  # what counts as fewer, and as less time


def no_faster(study: Study, letter: str, device: str, before: str | None = None) -> list[Reason]:
    """Why `letter` is no faster than `before` (its parent, unless said) on a device, the most telling reason first.

    Empty when it is faster, when nothing of it became smaller, or when either has not run there. A smaller precision
    that makes the same network no faster has its reasons too.
    """
    after = study.candidates[letter]
    found = _than_before(study, after, device, before)
    ran = after.profiles.get(device)
    if ran is not None and before is None:
        found += [reason for reason in same_network_reasons(after, ran) if reason not in found]
    return found


def _than_before(study: Study, after: Candidate, device: str, before: str | None) -> list[Reason]:
    letter = after.letter
    earlier = study.candidates.get(before or after.parent or "")
    if earlier is None:
        return []
    profile, old = after.profiles.get(device), earlier.profiles.get(device)
    gained = speed(study, earlier.letter, letter, device)
    if gained is None or profile is None or old is None or gained.verdict == "faster" or not _smaller(after, earlier):
        return []
    of_board = board_reasons(after, profile, old)
    told = {reason.layer for reason in of_board if reason.layer}
    layers = [reason for reason in _layers(after, earlier, profile, old) if reason is None or reason.layer not in told]
    found = [_zeros(after, earlier, profile), *layers, *of_board, _noise(gained, after, earlier, profile)]
    return [reason for reason in found if reason is not None]


def _smaller(after: Candidate, before: Candidate) -> bool:
    return _fewer(after.nonzero_params, before.nonzero_params or _params(before)) or _fewer(
        _params(after), _params(before)
    )


def _params(candidate: Candidate) -> int:
    return candidate.breakdown.totals().params


def _fewer(now: int | None, then: int | None) -> bool:
    return now is not None and then is not None and now < FALLEN * then


def _where(profile: Profile) -> str:
    engine = profile.settings.engine
    version = profile.device.engines.get(engine, "")
    return f"{' '.join(part for part in (engine, version) if part)} on {_device(profile)}"


def _device(profile: Profile) -> str:
    return words.device(profile.device.name, profile.device.model)


def _zeros(after: Candidate, before: Candidate, profile: Profile) -> Reason | None:
    """Zeros without a pattern: the tensors keep their shapes, and a dense runtime multiplies every zero."""
    macs = after.breakdown.totals().macs
    if after.nonzero_params is None or macs != before.breakdown.totals().macs or _params(after) != _params(before):
        return None
    if not _fewer(after.nonzero_params, before.nonzero_params or _params(before)):
        return None
    left = words.percent(after.nonzero_params / _params(after))
    return Reason(
        f"{after.letter} is no faster, because its zeros are still multiplied.",
        f"{left} of the parameters are not zero, but every tensor keeps its shape: {words.operations(macs, 'macs', 4)} "
        f"as before, and {_where(profile)} computes them all. The zeros make the stored file smaller; "
        "time needs smaller shapes: fewer channels, or a lower rank.",
    )


def _layers(after: Candidate, before: Candidate, profile: Profile, old: Profile) -> list[Reason | None]:
    """About the rows of the split that take long and take no less than before."""
    then = {row.covers: row.median_us for row in old.layers}
    total = sum(row.median_us for row in profile.layers)
    rows = sorted(profile.layers, key=lambda row: -row.median_us)
    heavy = [row for row in rows if total and row.median_us >= HEAVY * total]
    slow = [row for row in heavy if row.covers in then and row.median_us >= FALLEN * then[row.covers]]
    return [_about(row, row.median_us / total, after, before, profile) for row in slow]


def _about(row: LayerTiming, share: float, after: Candidate, before: Candidate, profile: Profile) -> Reason | None:
    pairs = [(after.breakdown.layer(name), before.breakdown.layer(name)) for name in row.covers]
    now, then = next(
        ((n, t) for n, t in pairs if n is not None and t is not None and n.weight is not None), (None, None)
    )
    if now is None or then is None:
        return None
    if now.macs == then.macs and _left(after, now) == _left(before, then):
        return Reason(
            f"{now.name} is no faster, because the recipe leaves it whole.",
            f"It now takes {words.percent(share, 0)} of the time by layer on {_device(profile)}: "
            f"{words.milliseconds(row.median_us / 1000)}.",
            now.name,
        )
    return _memory(row, now, then, share, profile)


def _left(candidate: Candidate, layer: LayerCost) -> int | None:
    """Weights of a layer that are not zero; all of them where that was not counted."""
    count = candidate.layer_nonzero.get(layer.name)
    if count is not None or layer.weight_shape is None:
        return count
    size = 1
    for length in layer.weight_shape:
        size *= length
    return size


def _memory(row: LayerTiming, now: LayerCost, then: LayerCost, share: float, profile: Profile) -> Reason | None:
    """A layer that reads more bytes than it multiplies waits for memory; it is faster only with fewer bytes to read."""
    if now.macs is None or not now.weight_bytes or now.weight_bytes != then.weight_bytes:
        return None
    moved = now.weight_bytes + (now.activation_bytes or 0)
    if now.macs * profile.settings.batch > moved:
        return None
    rate = now.weight_bytes / row.median_us / 1000
    return Reason(
        f"{now.name} is no faster, because it waits for memory.",
        f"It reads {words.megabytes(now.weight_bytes)} of weights for {words.operations(now.macs, 'macs')}, as before: "
        f"{words.significant(rate)} GB/s in the {words.milliseconds(row.median_us / 1000)} it takes, "
        f"{words.percent(share, 0)} of the time by layer. A zero is read like any other weight.",
        now.name,
    )


def _noise(gained: Speed, after: Candidate, before: Candidate, profile: Profile) -> Reason | None:
    if gained.verdict != "same":
        return None
    return Reason(
        f"{after.letter} takes as long as {before.letter}: the difference is inside the noise.",
        f"{words.times(gained.times)} on {_device(profile)}, {gained.note}."
        + ("" if gained.ratio else " Compare the two in turn to be sure."),
    )
