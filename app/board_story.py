"""The lecture's hardware road: one candidate on several devices, what each does for its price and its watts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app import words
from app.board_facts import BoardFacts, board_of
from app.study import Candidate, Study
from profiler.breakdown import Breakdown
from profiler.measurement import Profile
from profiler.power import PowerTrace


@dataclass(frozen=True)
class BoardRow:
    """A candidate on one device. Times and power were measured there, or imported; what a board costs and can do at
    most is printed. None: not known, never 0. `sources` says of each figure where it is from."""

    device: str
    title: str
    board: str  # which of the known boards it is; "" none of them
    engine: str
    precision: str
    batch: int
    price_usd: float | None
    peak_gflops: float | None  # in the precision of the profile
    bandwidth_gbs: float | None
    printed_watts: tuple[float, float] | None
    watts: float | None  # measured: the mean over the run window
    median_ms: float | None  # of a whole batch
    fps: float | None  # images a second
    fps_per_dollar: float | None
    fps_per_watt: float | None
    energy_mj: float | None  # of one inference, above idle
    efficiency: float | None  # achieved ÷ peak, a share of 1
    imported: str
    complete: bool
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    power_imported: str = ""  # the file of an external meter that watts and energy are from


def board_rows(study: Study, letter: str, kinds: Mapping[str, str] | None = None) -> tuple[BoardRow, ...]:
    """The candidate's rows, one a device, the most images a second first; devices without a latency come last.

    `kinds`: device → key of a known board, where its owner said which it is (`app.boards.kinds`).

    fps = 1000 · batch ÷ median latency in ms
    per dollar = fps ÷ price of the developer kit at its launch
    per watt = fps ÷ mean watts over the run window, idle included
    efficiency = 2 · MACs · fps ÷ peak GFLOPS in the precision that was computed in
    """
    candidate = study.candidates[letter]
    rows = [
        _row(candidate, device, profile, _model(study, device), (kinds or {}).get(device, ""))
        for device, profile in candidate.profiles.items()
    ]
    return tuple(sorted(rows, key=lambda row: -(row.fps or 0.0)))


def _model(study: Study, device: str) -> str:
    """What a device called itself, wherever it was measured: an imported profile may not say."""
    said = [past.device.model for c in study.candidates.values() for past in c.history if past.device.name == device]
    return next((model for model in reversed(said) if model), "")


def _row(candidate: Candidate, device: str, profile: Profile, model: str, kind: str) -> BoardRow:
    facts = profile.device if profile.device.model else replace(profile.device, model=model)
    board, settings = board_of(facts, kind), profile.settings
    median = profile.median_ms if profile.latencies_ms else None
    fps = 1000 * settings.batch / median if median else None
    watts = profile.power.mean_watts if profile.power else None
    peak = board.peak_gflops(settings.precision) if board else None
    price = board.price_usd if board else None
    return BoardRow(
        device=device,
        title=words.device(device, facts.model),
        board=board.name if board else "",
        engine=settings.engine,
        precision=settings.precision,
        batch=settings.batch,
        price_usd=price,
        peak_gflops=peak,
        bandwidth_gbs=board.bandwidth_gb_s if board else None,
        printed_watts=board.watts if board else None,
        watts=watts,
        median_ms=median,
        fps=fps,
        fps_per_dollar=_ratio(fps, price),
        fps_per_watt=_ratio(fps, watts),
        energy_mj=profile.power.energy_mj if profile.power else None,
        efficiency=_efficiency(candidate.breakdown, settings.engine, fps, peak),
        imported=profile.imported,
        complete=profile.complete,
        power_imported=profile.power.imported if profile.power else "",
        sources=_sources(board, profile, "" if facts.model or kind or board is None else device),
    )


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _efficiency(network: Breakdown, engine: str, fps: float | None, peak: float | None) -> float | None:
    """Arithmetic done ÷ the GPU's peak; None where the processor did it, or where operators are not counted."""
    if fps is None or peak is None or network.unknown_ops or not runs_on_gpu(engine):
        return None
    return 2 * network.totals().macs * fps / (peak * 1e9)


def runs_on_gpu(engine: str) -> bool:
    """Whether an engine computes on the GPU, whose peak is printed."""
    return engine in ("onnxruntime-cuda", "onnxruntime-tensorrt", "trtexec", "opencv-cuda", "caffe-gpu")


def _sources(board: BoardFacts | None, profile: Profile, named: str) -> dict[str, str]:
    """Figure → where it is from. `named`: the board is only known by what the device is called."""
    by_name = f", taking the device for {board.name} by its name, “{named}”" if board and named else ""
    found = {figure: source + by_name for figure, source in board.sources.items()} if board else {}
    precision = profile.settings.precision
    peak = "fp16_gflops" if precision == "fp16" and "fp16_gflops" in found else "fp32_gflops"
    told = {
        "price_usd": found.get("price_usd", ""),
        "peak_gflops": found.get(peak, "") if precision != "int8" else "",
        "bandwidth_gbs": found.get("bandwidth_gb_s", ""),
        "printed_watts": found.get("watts", ""),
        "watts": _power_source(profile.power),
        "median_ms": f"Imported from {profile.imported}"
        if profile.imported
        else f"Measured {words.moment(profile.at)}",
    }
    return {name: text for name, text in told.items() if text}


FIGURES_CALLED = {
    "price_usd": "price",
    "peak_gflops": "peak GFLOPS",
    "bandwidth_gbs": "GB/s",
    "printed_watts": "watts in print",
    "watts": "watts",
    "median_ms": "latency",
}


def sources_told(rows: Iterable[BoardRow]) -> list[str]:
    """A line for each figure of each row: the device, the figure, where it is from."""
    lines = [f"{row.title}, {FIGURES_CALLED[figure]}: {text}" for row in rows for figure, text in row.sources.items()]
    return list(dict.fromkeys(lines))


def _power_source(power: PowerTrace | None) -> str:
    if power is None:
        return ""
    if power.imported:
        return f"External meter, {power.imported}, mean over the run"
    return f"Measured by {power.source} on {power.rail}, mean over the run"
