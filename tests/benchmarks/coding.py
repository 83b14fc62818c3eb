"""The packed file's coder beside others, on the same whole numbers: `python tests/benchmarks/coding.py [ONNX …]`.

Each tensor becomes whole numbers: 0 stays 0, and a value is its rank away from zero. All code the same numbers, without
loss: ours as the file stores them (places and ranks; no codebook, no graph), zstd at level 22, xz and bz2 on the
smallest whole-byte array of the numbers, and the arithmetic coder of NNCodec 2.1.3 (DeepCABAC, its best of 40 settings,
without headers). What is not installed is left out: `pip install --group bench`, and `pip install --no-deps nncodec`.
"""

import argparse
import bz2
import importlib.util
import lzma
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx import helper, numpy_helper

from compressors.packing import pack
from compressors.packing.choosing import chosen
from compressors.packing.codebooks import Codebook
from compressors.packing.forms import Form, decode, encode
from compressors.packing.stream import Stream
from compressors.sharing import cluster
from profiler.formats import read
from profiler.network import Network
from profiler.progress import drain

XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def run(part: Any) -> Any:
    while True:
        try:
            next(part)
        except StopIteration as end:
            return end.value


def ours(numbers: np.ndarray) -> tuple[int, float, Form]:
    """(bytes, processor seconds to decode, form). The list of the numbers is not counted: the others have none."""
    words = np.ascontiguousarray(numbers, np.int32).reshape(-1).view(np.uint32)
    columns = words.size // len(numbers)
    form, matrix = drain(chosen(words, columns, "signed", by_value=True))
    stream, raw = Stream(), bytearray()
    sizes = run(encode(form, matrix, stream, raw.extend))
    data = stream.finish()
    seconds = []
    for _ in range(3):
        began = time.process_time()
        back = run(decode(form, words.size, columns, "signed", words.dtype, Stream(data), lambda _: b""))
        seconds.append(time.process_time() - began)
    assert np.array_equal(back, words)
    return round(len(data) - sizes.codebook), min(seconds), form


def whole_file(numbers: np.ndarray) -> int:
    """Bytes of an .nbz file that holds nothing but these numbers: graph, table, codebook and checksum included."""
    graph = helper.make_graph([], "g", [], [], [numpy_helper.from_array(numbers, "w")])
    network = Network.from_model(ir.from_proto(helper.make_model(graph)), name="n")
    with tempfile.TemporaryDirectory() as folder:
        return drain(pack(network, Path(folder) / "n.nbz")).packed_bytes


def deepcabac() -> Any:
    """NNCodec's compiled coder, without the packages that it asks for; None where it is not there."""
    found = importlib.util.find_spec("nncodec")
    libraries = sorted(Path(found.origin or "").parent.glob("extensions/deepCABAC*.so")) if found else []
    if not libraries:
        return None
    spec = importlib.util.spec_from_file_location("deepCABAC", libraries[0])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def nncodec(module: Any, numbers: np.ndarray) -> int:
    matrix = np.ascontiguousarray(numbers.reshape(len(numbers), -1), np.int32)
    skip = (~matrix.any(1)).astype(np.int32)
    sizes = []
    for unary in (1, 4, 11, 16):
        for scan in range(5):
            for optimise in (0, 1):
                encoder = module.Encoder()
                encoder.initCtxModels(unary, optimise)
                off = (module.HdspMode.AlwaysOff, np.zeros(0, np.int8))
                encoder.encodeLayer(matrix, 0, scan, 1, 0, 1, skip, *off, 0, 0)
                sizes.append(len(encoder.finish()))
    return min(sizes)


def zstandard(data: bytes) -> int | None:
    try:
        import zstandard as library
    except ImportError:
        return None
    return len(library.ZstdCompressor(level=22, write_content_size=False).compress(data))


def laplace(kept: float, scaled: bool) -> np.ndarray:
    """500×800, the largest kept, in steps of a fifteenth of the largest. Scales: e^(0.7·normal) a row and a column."""
    rng = np.random.default_rng(0)
    weight = rng.laplace(size=(500, 800))
    if scaled:
        weight *= np.exp(rng.normal(size=(500, 1)) * 0.7) * np.exp(rng.normal(size=(1, 800)) * 0.7)
    weight = np.where(np.abs(weight) >= np.quantile(np.abs(weight), 1 - kept), weight, 0)
    steps = np.round(weight / (np.abs(weight).max() / 15)).astype(np.int32)
    return np.where((weight != 0) & (steps == 0), np.sign(weight), steps).astype(np.int32)


def ranked(weight: np.ndarray, bits: int) -> np.ndarray:
    """Shared values as ranks away from zero."""
    shared = drain(cluster(weight, 1 << bits)).values
    book = Codebook(np.unique(shared[shared != 0]), 0).words
    below = int(np.count_nonzero(book < 0))
    place = np.searchsorted(book, shared)
    return np.where(shared == 0, 0, np.where(shared < 0, place - below, place - below + 1)).astype(np.int32)


def cases(files: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    for kept in (0.08, 0.01):
        for scaled in (False, True):
            yield f"Laplace, {kept:.0%} kept{', scaled' if scaled else ''}", laplace(kept, scaled)
    for number, file in enumerate(files):
        network = read(file)
        for name in network.weights():
            weight = network.weight(name)
            if weight.ndim > 1:
                yield f"{number} {name}", ranked(weight, 5 if weight.ndim == 2 else 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", help="pruned networks; their weights are shared with 5 and 8 bits")
    asked, coder = parser.parse_args(), deepcabac()
    names = ("ours", "file", "NNCodec", "zstd", "xz", "bz2", "deflate")
    print(f"{'tensor':28} {' '.join(f'{name:>8}' for name in names)}  MB/s  form")
    run_once = ours(laplace(0.08, True))
    del run_once  # compiled by now
    for name, numbers in cases(asked.networks):
        small = np.abs(numbers).max() < 128
        data = np.ascontiguousarray(numbers, np.int8 if small else np.int16).tobytes()
        size, seconds, form = ours(numbers)
        others = (
            nncodec(coder, numbers) if coder else None,
            zstandard(data),
            len(lzma.compress(data, format=lzma.FORMAT_RAW, filters=XZ)),
            len(bz2.compress(data, 9)),
            len(zlib.compress(data, 9)),
        )  # fmt: skip
        columns = " ".join(f"{'–' if other is None else other:>8}" for other in others)
        plain = (
            f"{form.places}{', plainly' if form.plain_places else ''}; {'plainly' if form.plain_values else 'mixed'}"
        )
        print(f"{name:28} {size:8} {whole_file(numbers):8} {columns} {4e-6 * numbers.size / seconds:5.0f}  {plain}")


if __name__ == "__main__":
    main()
