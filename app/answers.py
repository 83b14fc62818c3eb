"""What the command line answers with --json, and what the report writes beside itself: units in the key names, null
for unknown, accuracy from 0 to 1, MB = 10^6 bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any

from app.facts import ActivityMeasured, Evaluated, Packed
from profiler.breakdown import KINDS, Breakdown, LayerCost
from profiler.measurement import Comparison, Profile
from profiler.plain import to_plain

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
    measured = bool(profile.latencies_ms)
    return {
        "device": to_plain(profile.device),
        "settings": to_plain(profile.settings),
        "at": profile.at,
        "complete": profile.complete,
        "latencies_ms": list(profile.latencies_ms),
        "median_ms": profile.median_ms if measured else None,
        "p5_ms": profile.p5_ms if measured else None,
        "p95_ms": profile.p95_ms if measured else None,
        "layers": [{"name": t.name, "covers": list(t.covers), "median_us": t.median_us} for t in profile.layers],
        "reconciliation": to_plain(profile.reconciliation) if measured else None,
        "memory_mb": _memory(profile),
        "power": None if profile.power is None else to_plain(profile.power),
        "energy_mj": None if profile.power is None else profile.power.energy_mj,
        "load": to_plain(profile.load),
    }


def _memory(profile: Profile) -> Mapping[str, float | None]:
    memory = profile.memory
    return {
        "after_load": memory.after_load_mb if memory else None,
        "after_run": memory.after_run_mb if memory else None,
        "weights": memory.weights_mb if memory else None,
        "peak_activation": memory.peak_activation_mb if memory else None,
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
        "layers": [to_plain(layer) for layer in found.layers],
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
