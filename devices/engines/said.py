"""What the engines said, layer by layer: each in its own words, joined on the layers of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from profiler.errors import Failed
from profiler.imports.caffe_time import caffe_time
from profiler.imports.trtexec import layer_info, layer_profile
from profiler.measurement import LayerTiming
from profiler.trace import Outline, kernel_times, match
from profiler.trace_named import NamedTime, join, match_opencv, parted

Message = Mapping[str, Any]
CPU = "CPUExecutionProvider"
SHOWN = 3  # operators that a sentence names


@dataclass(frozen=True)
class Split:
    """Times by layer, the time of each run that belongs to none, and what to know of them, in sentences."""

    layers: tuple[LayerTiming, ...] = ()
    unmatched_us: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def latencies(messages: Sequence[Message]) -> tuple[float, ...]:
    """The end-to-end milliseconds, run by run, as they came in parts."""
    return tuple(chain.from_iterable(message["ms"] for message in messages if message["type"] == "latencies"))


def by_layer(messages: Sequence[Message], engine: str, graph: Outline) -> Split:
    """From whatever the engine said in one profile; nothing where it said nothing (yet)."""
    if engine.startswith("onnxruntime"):
        return _onnxruntime(messages, engine, graph)
    if engine.startswith("opencv"):
        rows = chain.from_iterable(message["layers"] for message in messages if message["type"] == "layers")
        layers, unmatched = match_opencv([NamedTime(name, tuple(times)) for name, _, times in rows], graph)
        return Split(layers, unmatched)
    texts = {(each["tool"], each["kind"]): each["text"] for each in messages if each["type"] == "output"}
    try:
        return _printed(texts, graph)
    except ValueError as problem:
        raise Failed("What the engine printed cannot be read.", "Measure it again.", str(problem)) from None


def _printed(texts: Mapping[tuple[str, str], str], graph: Outline) -> Split:
    rows: list[LayerTiming] = []
    if profile := layer_profile(texts.get(("trtexec", "profile"), "")):
        rows = join(profile.rows, graph, layer_info(texts.get(("trtexec", "layer_info"), "")))
    elif timed := caffe_time(texts.get(("caffe", "time"), "")):
        rows = join(timed.rows, graph)
    layers, unmatched = parted(rows)
    return Split(layers, unmatched)


def _onnxruntime(messages: Sequence[Message], engine: str, graph: Outline) -> Split:
    events = list(chain.from_iterable(message["events"] for message in messages if message["type"] == "events"))
    layers, unmatched = match(kernel_times(events), graph)
    return Split(layers, unmatched, () if engine == "onnxruntime" else tuple(_notes(events, engine, layers)))


def _notes(events: Sequence[Mapping[str, Any]], engine: str, layers: Sequence[LayerTiming]) -> list[str]:
    """What onnxruntime does without a word: nodes that the graphics processor's provider left to the processor."""
    kernels = {str(each["name"]): each["args"] for each in events if "op_name" in each["args"]}
    left = [str(args["op_name"]) for args in kernels.values() if args.get("provider") == CPU]
    found: list[str] = []
    if left:
        operators = list(dict.fromkeys(left))
        named = ", ".join(operators[:SHOWN]) + ("…" if len(operators) > SHOWN else "")
        found.append(f"{len(left)} of {len(kernels)} kernels ran on the processor, not on the GPU: {named}.")
    if engine == "onnxruntime-tensorrt" and kernels and not layers:
        found.append("TensorRT ran the network as one block: profile it with the engine “trtexec” to see its layers.")
    if engine == "onnxruntime-cuda":
        found.append("By layer, onnxruntime tells how long the processor took to start each kernel on the GPU.")
    return found
