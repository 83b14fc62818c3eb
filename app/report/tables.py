"""The report's figures for other programs: CSV tables and one JSON object. Units are in the names, unknown is empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, cast

from app import tradeoff
from app.against import AccuracyChange
from app.answers import active, board_compared, compared, evaluated, inspected, packed, profiled, swept, version
from app.board_story import board_rows
from app.report.content import Source
from app.study import Candidate
from profiler.plain import to_plain

CANDIDATES = (
    "letter", "parent", "title", "digest", "params", "nonzero_params", "macs", "bias_adds", "file_bytes",
    "packed_bytes", "entropy_bytes", "accuracy", "accuracy_change", "accuracy_change_standard_error", "gained", "lost",
    "samples", "split", "device", "median_ms", "p5_ms", "p95_ms", "energy_mj",
)  # fmt: skip
LAYERS = (
    "letter", "layer", "op", "kind", "input_shape", "weight_shape", "output_shape", "params", "nonzero_weights", "macs",
    "bias_adds", "weight_bytes", "activation_bytes", "act", "weights", "flops",
)  # fmt: skip
SWEEPS = ("letter", "device", "sweep", "batch", "threads", "median_ms", "images_per_second", "refused", "complete")
BOARDS = (
    "letter", "device", "title", "board", "engine", "precision", "batch", "imported", "complete", "median_ms",
    "images_per_second", "images_per_second_per_usd", "images_per_second_per_watt", "mean_watts", "energy_mj",
    "price_usd", "peak_gflops", "bandwidth_gb_s", "efficiency",
)  # fmt: skip
POWER = ("letter", "device", "source", "rail", "seconds", "watts", "in_run")
LATENCIES = ("letter", "device", "source", "run", "latency_ms")


def candidates_csv(source: Source) -> str:
    """A row for each candidate on each device it ran on; one without a device where it ran on none."""
    return _csv(CANDIDATES, (row for c in source.study.shown() for row in _candidate_rows(source, c)))


def _candidate_rows(source: Source, candidate: Candidate) -> Iterable[dict[str, Any]]:
    row = _figures(candidate) | _change(source.change(candidate))
    if not candidate.profiles:
        yield row
    for device, profile in candidate.profiles.items():
        known = profiled(profile)
        yield row | {"device": device} | {key: known[key] for key in ("median_ms", "p5_ms", "p95_ms", "energy_mj")}


def _figures(candidate: Candidate) -> dict[str, Any]:
    totals, found, stored = candidate.breakdown.totals(), candidate.evaluation, candidate.packed
    return {
        "letter": candidate.letter,
        "parent": candidate.parent,
        "title": candidate.title,
        "digest": candidate.digest,
        "params": totals.params,
        "nonzero_params": candidate.nonzero_params,
        "macs": totals.macs,
        "bias_adds": totals.bias_adds,
        "file_bytes": candidate.file_bytes,
        "packed_bytes": stored.packed_bytes if stored else None,
        "entropy_bytes": stored.entropy_bytes if stored else None,
        "accuracy": found.accuracy if found else None,
        "samples": found.samples if found else None,
        "split": found.split if found else None,
    }


def _change(change: AccuracyChange | None) -> dict[str, Any]:
    moved = change.moved if change else None
    return {
        "accuracy_change": change.delta if change else None,
        "accuracy_change_standard_error": change.error if change else None,
        "gained": moved.gained if moved else None,
        "lost": moved.lost if moved else None,
    }


def layers_csv(source: Source) -> str:
    """A row for each layer of each candidate."""
    rows = (
        {
            "letter": candidate.letter,
            "layer": layer["name"],
            "nonzero_weights": candidate.layer_nonzero.get(layer["name"]),
            **_active(candidate, layer["name"]),
            **{key: _shape(value) for key, value in layer.items() if key != "name"},
        }
        for candidate in source.study.shown()
        for layer in inspected(candidate.breakdown)["layers"]
    )
    return _csv(LAYERS, rows)


def _active(candidate: Candidate, name: str) -> dict[str, float | None]:
    """Act%, Weights% and FLOP% as shares of 1."""
    row = candidate.activity.activity.layer(name) if candidate.activity else None
    return {key: getattr(row, key) if row else None for key in ("act", "weights", "flops")}


def _shape(value: Any) -> Any:
    return "x".join(map(str, cast("tuple[int, ...]", value))) if isinstance(value, tuple) else value


def latencies_csv(source: Source) -> str:
    """Every raw latency: of the profiles, and of the comparisons by round."""
    return _csv(LATENCIES, _latencies(source))


def _latencies(source: Source) -> Iterable[dict[str, Any]]:
    for candidate in source.study.shown():
        for device, profile in candidate.profiles.items():
            yield from _runs(candidate.letter, device, "profile", profile.latencies_ms)
    for number, fact in enumerate(source.study.comparisons, 1):
        for letter, rounds in zip(fact.letters, fact.comparison.rounds_ms, strict=False):
            yield from _runs(letter, fact.device, f"comparison {number}", rounds)


def sweeps_csv(source: Source) -> str:
    """A row for each point of each sweep."""
    rows = (
        {"letter": fact.letter, "device": fact.device, "sweep": number, "complete": fact.sweep.complete, **point}
        for number, fact in enumerate(source.study.sweeps, 1)
        for point in swept(fact.sweep)["points"]
    )
    return _csv(SWEEPS, rows)


def boards_csv(source: Source) -> str:
    """A row for each candidate on each device, beside what is printed of the board."""
    rows = (
        {"letter": candidate.letter, **board_compared(row)}
        for candidate in source.study.shown()
        for row in board_rows(source.study, candidate.letter)
    )
    return _csv(BOARDS, rows)


def power_csv(source: Source) -> str:
    """Every sample of every rail. Rails are not to be added up: they feed one another."""
    return _csv(POWER, _samples(source))


def _samples(source: Source) -> Iterable[dict[str, Any]]:
    for candidate in source.study.shown():
        for device, profile in candidate.profiles.items():
            power = profile.power
            if power is None:
                continue
            rails = [(power.rail, power.watts), *((rail.name, rail.watts) for rail in power.rails)]
            for name, watts in rails:
                for second, value in zip(power.seconds, watts, strict=False):
                    yield {
                        "letter": candidate.letter, "device": device, "source": power.source, "rail": name,
                        "seconds": second, "watts": value, "in_run": power.run_start <= second <= power.run_stop,
                    }  # fmt: skip


def _runs(letter: str, device: str, source: str, values: Sequence[float]) -> Iterable[dict[str, Any]]:
    for run, value in enumerate(values, 1):
        yield {"letter": letter, "device": device, "source": source, "run": run, "latency_ms": value}


def _csv(head: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, head, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _safe(value: Any) -> Any:
    """A spreadsheet takes a text that begins with one of these for a formula: an apostrophe keeps it a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def answer(source: Source) -> dict[str, Any]:
    """The whole study as one object."""
    study = source.study
    best = tradeoff.best(study)
    return {
        "program": {"name": "NetBonsai", "version": version()},
        "study": study.name,
        "data": to_plain(study.data),
        "goal": to_plain(study.goal),
        "best": best.letter if best else None,
        "candidates": [_whole(source, candidate) for candidate in study.shown()],
        "battery": to_plain(study.battery),
        "sweeps": [{"letter": fact.letter, **swept(fact.sweep)} for fact in study.sweeps],
        "comparisons": [compared(fact.comparison, fact.letters) for fact in study.comparisons],
    }


def _whole(source: Source, candidate: Candidate) -> dict[str, Any]:
    return {
        **_figures(candidate),
        **_change(source.change(candidate)),
        "source": candidate.source,
        "recipe": to_plain(candidate.recipe),
        "seed": candidate.seed,
        "input_recipe": to_plain(candidate.input_recipe),
        "training": to_plain(candidate.training),
        "took_s": candidate.took_s,
        "breakdown": inspected(candidate.breakdown),
        "layer_nonzero": dict(candidate.layer_nonzero),
        "evaluation": evaluated(candidate.evaluation) if candidate.evaluation else None,
        "activity": active(candidate.activity) if candidate.activity else None,
        "packed": packed(candidate.packed) if candidate.packed else None,
        "profiles": {device: profiled(profile) for device, profile in candidate.profiles.items()},
        "boards": [board_compared(row) for row in board_rows(source.study, candidate.letter)],
    }
