"""From files that other tools wrote to a `Profile` of a named device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from profiler.errors import BadInput
from profiler.imports.benchncnn import BenchNcnn, benchncnn, named
from profiler.imports.caffe_time import CaffeTime, caffe_time
from profiler.imports.onnxruntime_profile import OnnxRuntimeProfile, onnxruntime_profile
from profiler.imports.text import text_of
from profiler.imports.trtexec import LayerProfile, layer_info, layer_profile, times
from profiler.measurement import DeviceFacts, LayerTiming, Profile, ProfileSettings
from profiler.trace import Outline, match, unmatched
from profiler.trace_named import join

KINDS = (
    "ONNX Runtime profiles (JSON), trtexec’s --exportProfile, --exportLayerInfo and --exportTimes, logs of "
    "“caffe time”, and the output of benchncnn"
)
LOOKED_AT = 1 << 20  # characters in which a tool must show itself


@dataclass(frozen=True)
class _Times:
    milliseconds: tuple[float, ...]


@dataclass(frozen=True)
class _Info:
    layers: dict[str, tuple[str, ...]]


_Found = OnnxRuntimeProfile | LayerProfile | _Times | _Info | CaffeTime | BenchNcnn
_TOOL: dict[type[object], str] = {
    OnnxRuntimeProfile: "ONNX Runtime",
    LayerProfile: "trtexec",
    _Times: "trtexec",
    _Info: "trtexec",
    CaffeTime: "caffe time",
    BenchNcnn: "benchncnn",
}


def recognise(path: Path) -> str:
    """The tool that wrote the file ("trtexec", say), or "". Looks at its beginning only. Raises nothing."""
    try:
        with path.open("rb") as file:
            text = file.read(LOOKED_AT).decode("utf-8-sig", "replace")
    except OSError:
        return ""
    start = text.lstrip()
    if (
        start.startswith("[")
        and '"cat"' in text
        and ('"model_run"' in text or "_kernel_time" in text or '"ts"' in text)
    ):
        return "ONNX Runtime"
    if start.startswith(("[", "{")):
        marks = ('"averageMs"', '"latencyMs"', '"Layers"')
        return "trtexec" if any(mark in text for mark in marks) else ""
    if caffe_marks(text):
        return "caffe time"
    return "benchncnn" if "min =" in text and "avg =" in text else ""


def caffe_marks(text: str) -> bool:
    return any(
        mark in text for mark in (" forward: ", "\tforward: ", "Average Forward pass: ", "*** Benchmark begins ***")
    )


def read(paths: Sequence[Path], outline: Outline, device: str, digest: str = "", network: str = "") -> Profile:
    """The profile in the files of one measurement: one file, or those that one run of trtexec exported.

    Its rows are joined to the layers of `outline` by name; those that match none keep their own and cover nothing.
    `network` names the one that is wanted where a file has several (benchncnn). What a tool does not tell is 0 or ""
    in the settings, and its moment is when the file was written. Raises BadInput for a file that is none of KINDS,
    that has no times, or that cannot be read together with the others.
    """
    if not paths:
        raise BadInput("No file is given to import.", "", f"What can be read: {KINDS}.")
    found = [(path, _read_one(path)) for path in paths]
    _check_together(found)
    profile = _profile([each for _, each in found], outline, paths[0], network)
    written = datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC)
    return replace(
        profile,
        network=digest,
        device=DeviceFacts(name=device),
        at=written.isoformat(timespec="seconds"),
        imported=", ".join([_TOOL[type(found[0][1])], *(path.name for path in paths)]),
    )


def _read_one(path: Path) -> _Found:
    text = text_of(path)
    readers: tuple[Callable[[str], _Found | None], ...] = (
        layer_profile, _times, onnxruntime_profile, _info, caffe_time, benchncnn,
    )  # fmt: skip
    try:
        for reader in readers:
            read_so = reader(text)
            if read_so is not None:
                return read_so
    except ValueError as problem:
        raise BadInput(f"“{path.name}” cannot be read.", str(problem), "Export it again.") from None
    raise BadInput(f"“{path.name}” is not a measurement that can be read.", "", f"What can be: {KINDS}.")


def _times(text: str) -> _Times | None:
    found = times(text)
    return None if found is None else _Times(found)


def _info(text: str) -> _Info | None:
    found = layer_info(text)
    return None if found is None else _Info(dict(found))


def _check_together(found: Sequence[tuple[Path, _Found]]) -> None:
    kinds = [type(each) for _, each in found]
    if len(found) > 1 and (len(set(kinds)) < len(kinds) or {_TOOL[kind] for kind in kinds} != {"trtexec"}):
        names = ", ".join(f"“{path.name}” ({_TOOL[type(each)]})" for path, each in found)
        raise BadInput(f"These are not of one measurement: {names}.", "", "Import them one by one.")
    if kinds == [_Info]:
        raise BadInput(
            f"“{found[0][0].name}” says which layers TensorRT made, but no times.",
            "",
            "Give the file of --exportProfile with it.",
        )


def _profile(found: Sequence[_Found], outline: Outline, path: Path, network: str) -> Profile:
    """Without what is the same for all kinds."""
    first = found[0]
    if isinstance(first, OnnxRuntimeProfile):
        return _of_onnxruntime(first, outline)
    if isinstance(first, CaffeTime):
        return _of_caffe(first, outline)
    if isinstance(first, BenchNcnn):
        return _of_ncnn(first, path, network)
    return _of_trtexec(found, outline)


def _bare(engine: str, runs: int, *, batch: int = 1, threads: int = 0, precision: str = "") -> Profile:
    settings = ProfileSettings(runs, 0, batch, threads, engine, precision)
    return Profile(network="", device=DeviceFacts(""), settings=settings, at="", latencies_ms=())


def _of_onnxruntime(found: OnnxRuntimeProfile, outline: Outline) -> Profile:
    layers, _ = match(found.kernels, outline)
    nobodys = tuple(LayerTiming(each.node, (), each.runs_us) for each in unmatched(found.kernels, outline))
    bare = _bare("onnxruntime", len(found.runs_ms), precision="fp32")
    return replace(bare, profiled_ms=found.runs_ms, layers=layers + nobodys)


def _of_trtexec(found: Sequence[_Found], outline: Outline) -> Profile:
    profile = next((each for each in found if isinstance(each, LayerProfile)), None)
    traced = next((each for each in found if isinstance(each, _Times)), None)
    info = next((each for each in found if isinstance(each, _Info)), None)
    latencies = traced.milliseconds if traced else ()
    layers = join(profile.rows, outline, info.layers if info else None) if profile else []
    bare = _bare("trtexec", len(latencies) or (profile.runs if profile else 0))
    return replace(bare, latencies_ms=latencies, layers=tuple(layers))


def _of_caffe(found: CaffeTime, outline: Outline) -> Profile:
    bare = _bare("caffe-gpu" if found.gpu else "caffe", found.iterations or 0, batch=found.batch or 1, precision="fp32")
    latencies = () if found.forward_ms is None else (found.forward_ms,)
    return replace(bare, latencies_ms=latencies, layers=tuple(join(found.rows, outline)))


def _of_ncnn(found: BenchNcnn, path: Path, network: str) -> Profile:
    line = found.networks[0] if len(found.networks) == 1 else named(found, network)
    if line is None:
        names = ", ".join(each.network for each in found.networks)
        raise BadInput(
            f"“{path.name}” has the times of {len(found.networks)} networks.",
            f"They are: {names}.",
            "Say which one it is, or keep only its line in the file.",
        )
    bare = _bare("ncnn", found.loops or 0, threads=found.threads or 0)
    return replace(bare, latencies_ms=(line.mean_ms,))
