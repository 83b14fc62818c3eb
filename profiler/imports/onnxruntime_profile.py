"""The JSON that ONNX Runtime's own profiler writes (`SessionOptions.enable_profiling`): a list of trace events.

A program that was killed leaves the list open: what stands in it until then is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from profiler.trace import KERNEL, KernelTime, kernel_times

RUN = "model_run"
MOST_TIMES = 20_000_000  # kernels × runs
Microseconds = Annotated[float, Meta(ge=0, le=1e15)]


class _Event(msgspec.Struct):
    name: str = ""
    cat: str = ""
    tid: int | str | None = None
    ts: Microseconds | None = None
    dur: Microseconds = 0
    args: dict[str, Any] = {}


@dataclass(frozen=True)
class OnnxRuntimeProfile:
    """Kernels in order of execution, and the milliseconds of each run, profiling included."""

    kernels: tuple[KernelTime, ...]
    runs_ms: tuple[float, ...]


def onnxruntime_profile(text: str) -> OnnxRuntimeProfile | None:
    """None where the text is no such profile. Raises ValueError where it has no run, or more than can be."""
    events = _events(text)
    if events is None:
        return None
    runs = [event for event in events if event.name == RUN and event.ts is not None]
    kernels = [event for event in events if event.name.endswith(KERNEL) and event.ts is not None]
    if not runs and not kernels:
        return None
    if not runs or not kernels:
        raise ValueError("It has no run in it." if not runs else "It has no kernels in it.")
    if len({(event.name, _operator(event)) for event in kernels}) * len(runs) > MOST_TIMES:
        raise ValueError(f"It has {len(runs)} runs of more kernels than can be read at once.")
    times = kernel_times([_plain(event) for event in runs + kernels])
    return OnnxRuntimeProfile(tuple(times), tuple(run.dur / 1000 for run in sorted(runs, key=_start)))


def _events(text: str) -> list[_Event] | None:
    whole = text.strip()
    if not whole.startswith("["):
        return None
    for attempt in (whole, whole[: whole.rfind("}") + 1] + "]"):
        try:
            return msgspec.json.decode(attempt, type=list[_Event])
        except (msgspec.MsgspecError, RecursionError):
            continue
    return None


def _operator(event: _Event) -> str:
    return str(event.args.get("op_name", ""))


def _start(event: _Event) -> float:
    return event.ts or 0.0


def _plain(event: _Event) -> dict[str, Any]:
    args = {"op_name": _operator(event)}
    return {"cat": "Node" if event.name != RUN else event.cat, "name": event.name, "tid": event.tid, "ts": event.ts,
            "dur": event.dur, "args": args}  # fmt: skip
