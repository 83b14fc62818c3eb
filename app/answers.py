"""What the command line answers with --json, and what the report writes beside itself: units in the key names, null
for unknown, accuracy from 0 to 1, MB = 10^6 bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any

from app.battery import Battery
from app.board_facts import BoardFacts
from app.board_story import BoardRow
from app.facts import ActivityMeasured, Evaluated, Packed
from app.packing_story import packed_rows
from profiler.breakdown import KINDS, Breakdown, LayerCost
from profiler.measurement import Comparison, Profile
from profiler.plain import to_plain
from profiler.power import PowerTrace
from profiler.sweep import Sweep

Answer = dict[str, Any]


def version() -> str:
    """The program's version; "not installed" when it runs from a folder that was never installed."""
    try:
        return installed("netbonsai")
    except PackageNotFoundError:
        return "not installed"


def inspected(breakdown: Breakdown) -> Answer:
    """Where the parameters and operations are: per layer, and in total by kind."""
    totals: Answer = asdict(breakdown.totals())
    for kind in KINDS:
        totals |= {f"{kind}_{key}": value for key, value in asdict(breakdown.totals(kind)).items()}
    return {
        "network": breakdown.network,
        "totals": totals,
        "unknown_ops": list(breakdown.unknown_ops),
        "layers": [_layer(layer) for layer in breakdown.layers],
    }


def _layer(layer: LayerCost) -> Answer:
    keys = ("name", "op", "kind", "input_shape", "weight_shape", "output_shape", "params", "macs", "bias_adds",
            "weight_bytes", "activation_bytes", "note")  # fmt: skip
    plain = to_plain(layer)
    return {key: plain[key] for key in keys}


def evaluated(found: Evaluated) -> Answer:
    return {
        "accuracy": found.accuracy,
        "top5": found.top5,
        "correct": found.correct,
        "samples": found.samples,
        "split": found.split,
    }


def profiled(profile: Profile) -> Answer:
    """One network on one device: raw latencies, layers, and whether it adds up."""
    timed = bool(profile.latencies_ms)
    return {
        "device": _whole(profile.device),
        "settings": _whole(profile.settings),
        "at": profile.at,
        "complete": profile.complete,
        "imported": profile.imported,
        "latencies_ms": list(profile.latencies_ms),
        "median_ms": profile.median_ms if timed else None,
        "p5_ms": profile.p5_ms if timed else None,
        "p95_ms": profile.p95_ms if timed else None,
        "layers": [{"name": t.name, "covers": list(t.covers), "median_us": t.median_us} for t in profile.layers],
        "reconciliation": to_plain(profile.reconciliation) if timed else None,
        "memory_mb": _memory(profile),
        "power": None if profile.power is None else _power(profile.power),
        "energy_mj": None if profile.power is None else profile.power.energy_mj,
        "board": None if profile.board is None else _whole(profile.board),
        "load": _whole(profile.load),
    }


def _whole(value: Any) -> Answer:
    """A value with every field, also those that are at their defaults."""
    return asdict(value)


def _power(power: PowerTrace) -> Answer:
    """The trace with what follows from it. Rails are listed beside the one that counts, and never summed."""
    return _whole(power) | {
        "samples": power.samples,
        "rate_hz": power.rate_hz,
        "baseline_watts": power.baseline_watts,
        "mean_watts": power.mean_watts,
        "energy_mj": power.energy_mj,
    }


def swept(sweep: Sweep) -> Answer:
    """A network at several batch sizes and numbers of threads; latencies are those of whole batches."""
    return {
        "device": _whole(sweep.device),
        "settings": _whole(sweep.settings),
        "at": sweep.at,
        "complete": sweep.complete,
        "points": [
            {
                "batch": point.batch,
                "threads": point.threads,
                "latencies_ms": list(point.latencies_ms),
                "median_ms": point.median_ms,
                "images_per_second": point.images_per_second,
                "refused": point.refused or None,
            }
            for point in sweep.points
        ],
        "load": _whole(sweep.load),
    }


def board_compared(row: BoardRow) -> Answer:
    """A candidate on one device, beside what is printed of the board. `sources` says of each figure where from."""
    return {
        "device": row.device,
        "title": row.title,
        "board": row.board or None,
        "engine": row.engine,
        "precision": row.precision,
        "batch": row.batch,
        "imported": row.imported,
        "complete": row.complete,
        "median_ms": row.median_ms,
        "images_per_second": row.fps,
        "images_per_second_per_usd": row.fps_per_dollar,
        "images_per_second_per_watt": row.fps_per_watt,
        "mean_watts": row.watts,
        "energy_mj": row.energy_mj,
        "price_usd": row.price_usd,
        "peak_gflops": row.peak_gflops,
        "bandwidth_gb_s": row.bandwidth_gbs,
        "printed_watts": row.printed_watts,
        "efficiency": row.efficiency,
        "sources": dict(row.sources),
    }


def board_printed(board: BoardFacts) -> Answer:
    """What is printed of a board."""
    return {
        "board": board.key,
        "name": board.name,
        "gpu": board.gpu,
        "price_usd": board.price_usd,
        "fp32_gflops": board.fp32_gflops,
        "fp16_gflops": board.fp16_gflops,
        "bandwidth_gb_s": board.bandwidth_gb_s,
        "watts": board.watts,
        "fast_fp16": board.fast_fp16,
        "fast_int8": board.fast_int8,
        "sources": dict(board.sources),
    }


def battery_life(found: Battery) -> Answer:
    """How long a battery lasts, with all that it follows from; `energy_mj` is of one inference, above idle."""
    return {
        "watt_hours": found.watt_hours,
        "inferences_per_hour": found.per_hour,
        "hours": found.hours,
        "inferences": found.inferences,
        "images": found.images,
        "mean_watts": found.mean_watts,
        "idle_watts": found.idle_watts,
        "energy_mj": found.energy_mj,
        "duty": found.duty,
        "rail": found.rail,
        "source": found.source,
        "imported": found.imported,
    }


def _memory(profile: Profile) -> Mapping[str, float | None]:
    memory = profile.memory
    return {
        "after_load": memory.after_load_mb if memory else None,
        "after_run": memory.after_run_mb if memory else None,
        "weights": memory.weights_mb if memory else None,
        "peak_activation": memory.peak_activation_mb if memory else None,
        "gpu": memory.gpu_mb if memory else None,
    }


def compared(comparison: Comparison, names: Sequence[str] = ()) -> Answer:
    """Networks timed in turn. `names` replaces the labels, in their order."""
    called = dict(zip(comparison.networks, names or comparison.networks, strict=True))
    ratios = [to_plain(ratio) | {"a": called[ratio.a], "b": called[ratio.b]} for ratio in comparison.ratios]
    return {
        "networks": list(called.values()),
        "ratios": ratios,
        "device": to_plain(comparison.device),
        "settings": to_plain(comparison.settings),
        "at": comparison.at,
        "rounds_ms": [list(rounds) for rounds in comparison.rounds_ms],
        "load": to_plain(comparison.load),
    }


def packed(found: Packed) -> Answer:
    return {
        "original_bytes": found.original_bytes,
        "packed_bytes": found.packed_bytes,
        "entropy_bytes": found.entropy_bytes,
        "layers": [
            to_plain(layer) | {"rate": row.rate, "values_bytes": row.values}
            for layer, row in zip(found.layers, packed_rows(found), strict=False)
        ],
    }


def active(found: ActivityMeasured) -> Answer:
    """Shares of what is not zero, 0 to 1, by layer and in total over the layers that multiply by weights."""
    whole = found.activity
    return {
        "network": whole.network,
        "data": found.data,
        "split": found.split,
        "samples": whole.images,
        "act": whole.act,
        "weights": whole.weights,
        "flops": whole.flops,
        "layers": [
            {
                "name": layer.layer,
                "op": layer.op,
                "kind": layer.kind,
                "act": layer.act,
                "weights": layer.weights,
                "flops": layer.flops,
                "own_output": layer.own,
                "read": layer.read,
                "values": layer.values,
                "macs": layer.macs,
            }
            for layer in whole.layers
        ],
    }
