"""“No faster, because…” of boards: what a board has no units for, what its memory allows, what held it back."""

from __future__ import annotations

from collections.abc import Sequence

from app import words
from app.board_facts import BoardFacts, board_of
from app.reason import Reason
from app.study import Candidate
from profiler.breakdown import Breakdown
from profiler.measurement import DeviceFacts, LayerTiming, Profile

FASTER = 0.98  # of the time before: less is faster
NEAR_THE_LIMIT = 0.6  # of the printed bandwidth: what real code reaches of it at best
HEAVY = 0.15  # a layer with less of the time than this is not why the whole is no faster
BYTES = {"fp32": 4.0, "fp16": 2.0, "int8": 1.0}
INT8_OPERATORS = ("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "QGemm")


def board_reasons(after: Candidate, profile: Profile, old: Profile) -> list[Reason]:
    """Why a board runs `after` no faster than the earlier profile `old`: the most telling first."""
    board = board_of(profile.device)
    found: list[Reason | None] = []
    if board is not None:
        found += [_int8(after, profile, board), _fp16(after, profile, board), *_bandwidth(after, profile, board)]
    return [reason for reason in [*found, *_held_back(profile, old)] if reason is not None]


def same_network_reasons(candidate: Candidate, profile: Profile) -> list[Reason]:
    """The same network in a smaller precision, no faster than its newest profile in another on the same device."""
    if not profile.latencies_ms or profile.imported:
        return []
    before = next((past for past in reversed(candidate.history) if _other_precision(past, profile)), None)
    if before is None or profile.median_ms < FASTER * before.median_ms:
        return []
    return board_reasons(candidate, profile, before)


def _other_precision(past: Profile, now: Profile) -> bool:
    a, b = past.settings, now.settings
    alike = (a.engine, a.batch, a.threads) == (b.engine, b.batch, b.threads) and past.device.name == now.device.name
    smaller = BYTES.get(b.precision, 4.0) < BYTES.get(a.precision, 4.0)
    return alike and smaller and bool(past.latencies_ms) and not past.imported


def _called(device: DeviceFacts) -> str:
    return words.device(device.name, device.model)


def is_int8(candidate: Candidate, profile: Profile) -> bool:
    """Whether the engine was asked for int8, or the network itself is quantized."""
    return profile.settings.precision == "int8" or _is_quantized(candidate.breakdown)


def _is_quantized(network: Breakdown) -> bool:
    return any(layer.op in INT8_OPERATORS or layer.op == "DequantizeLinear" for layer in network.layers)


def _int8(after: Candidate, profile: Profile, board: BoardFacts) -> Reason | None:
    if board.fast_int8 or not is_int8(after, profile):
        return None
    return Reason(
        f"{after.letter} is no faster, because {board.name} has no units for int8.",
        f"Its GPU ({board.gpu}) multiplies 8-bit numbers no faster than larger ones, and turning them to and fro takes "
        "time. The file is smaller; for time, try fp16."
        if board.fast_fp16
        else f"Its GPU ({board.gpu}) multiplies 8-bit numbers no faster than larger ones, and turning them to and fro "
        "takes time. The file is smaller; time needs smaller shapes.",
    )


def _fp16(after: Candidate, profile: Profile, board: BoardFacts) -> Reason | None:
    if board.fast_fp16 or profile.settings.precision != "fp16":
        return None
    return Reason(
        f"{after.letter} is no faster in fp16, because {board.name} computes in fp32.",
        f"Its GPU ({board.gpu}) stores half-precision numbers but has no arithmetic for them: each is turned into 32 "
        "bits first. It saves memory; time needs smaller shapes.",
    )


def _bandwidth(after: Candidate, profile: Profile, board: BoardFacts) -> list[Reason | None]:
    """Heavy rows that read and write close to what the board's memory can."""
    if board.bandwidth_gb_s is None:
        return []
    total = sum(row.median_us for row in profile.layers)
    slow = [row for row in profile.layers if total and row.median_us >= HEAVY * total]
    return [_memory(row, row.median_us / total, after.breakdown, profile, board) for row in slow]


def _memory(row: LayerTiming, share: float, network: Breakdown, profile: Profile, board: BoardFacts) -> Reason | None:
    moved = moved_bytes(row.covers, network, profile)
    limit = board.bandwidth_gb_s
    if moved is None or limit is None or not row.median_us:
        return None
    rate = moved / row.median_us / 1000  # bytes a microsecond ÷ 1000 = GB/s
    if rate < NEAR_THE_LIMIT * limit:
        return None
    name = " + ".join(row.covers)
    return Reason(
        f"{name} is no faster, because it waits for the memory of {board.name}.",
        f"It moves at least {words.megabytes(moved)} in {words.milliseconds(row.median_us / 1000)}: "
        f"{words.significant(rate)} GB/s of the {words.significant(limit)} GB/s that the board has at most. It takes "
        f"{words.percent(share, 0)} of the time by layer; fewer bytes would make it faster, fewer multiplications "
        "would not.",
        row.covers[0] if row.covers else None,
    )


def moved_bytes(covers: Sequence[str], network: Breakdown, profile: Profile) -> float | None:
    """Bytes that must be moved at least: weights once, and for each image what the row hands on, in the precision that
    was computed in. What it reads comes on top. None where a layer's are not known."""
    layers = [layer for name in covers if (layer := network.layer(name)) is not None]
    if not layers or any(layer.weight_bytes is None or layer.activation_bytes is None for layer in layers):
        return None
    factor = BYTES.get(profile.settings.precision, 4.0) / 4.0
    weights = sum(layer.weight_bytes or 0 for layer in layers)
    leaves = layers[-1].activation_bytes or 0  # what is between fused layers stays on the chip
    return factor * (weights + leaves * profile.settings.batch)


def _held_back(profile: Profile, old: Profile) -> list[Reason]:
    """Throttled, or with clocks that go up and down: then a time says as much of the clocks as of the network."""
    found: list[Reason] = []
    called = _called(profile.device)
    if profile.device.throttling and not old.device.throttling:
        found.append(
            Reason(
                f"{called} was throttled: {profile.device.throttling}.",
                "The earlier profile was not. Let it cool, or give it the power it asks for, and profile again.",
            )
        )
    if profile.device.power_mode != old.device.power_mode and profile.device.power_mode and old.device.power_mode:
        found.append(
            Reason(
                f"The power mode was {profile.device.power_mode}; it was {old.device.power_mode} before.",
                f"Clocks and cores differ between modes of {called}: profile both in the same (nvpmodel).",
            )
        )
    if profile.device.clocks_locked is False:
        found.append(
            Reason(
                f"The clocks of {called} were not locked.",
                "They follow the load, so that a small network may run at low clocks and seem slow. "
                "Run sudo jetson_clocks, or compare only interleaved runs.",
            )
        )
    return found
