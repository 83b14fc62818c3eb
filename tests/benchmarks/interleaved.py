"""How far an interleaved comparison can be trusted here: a network against itself, and against one a tenth slower.

    python tests/benchmarks/interleaved.py [--pairs 40] [--rounds 20]

A is a chain of 20 equal layers, B the same with 22: a tenth more work and nothing else. For each pair, every
comparison runs in a fresh process, as the program runs it. Printed: how often the interval holds the truth (1 for
A against A; for A against B the median of all the ratios stands for it), how often a difference is claimed, and
the intervals' half-widths; and whether the bars hold, which are for 40 pairs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).parents[2]))

from devices import device
from profiler.measurement import ProfileSettings, Ratio
from profiler.progress import drain


def chain(count: int, path: Path, width: int = 256) -> Path:
    """A file of `count` fully connected layers of `width` × `width`."""
    weight = np.eye(width, dtype=np.float32)
    weights = [numpy_helper.from_array(weight, f"w{i}") for i in range(count)]
    nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"], name=f"fc{i}") for i in range(count)]
    x = helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["N", width])
    y = helper.make_tensor_value_info(f"x{count}", TensorProto.FLOAT, ["N", width])
    graph = helper.make_graph(nodes, "chain", [x], [y], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def report(title: str, ratios: list[Ratio], truth: float) -> None:
    holds = sum(each.low <= truth <= each.high for each in ratios)
    claims = sum(each.verdict != "same" for each in ratios)
    halves = sorted(50 * (each.high - each.low) for each in ratios)
    print(f"{title}: median ratio {median(each.ratio for each in ratios):.4f}")
    print(f"  interval ({100 * ratios[0].level:.0f} %) holds {truth:.4f}: {holds} of {len(ratios)}")
    print(f"  a difference is claimed: {claims} of {len(ratios)}")
    print(f"  half-width: median {median(halves):.2f} %, least {halves[0]:.2f} %, most {halves[-1]:.2f} %")


def bars(same: list[Ratio], slower: list[Ratio]) -> None:
    """Held by 7 of 8, told apart by 9 of 10, and half as wide as 3 %: 35, 36 and the median of 40 pairs."""
    holds = sum(each.low <= 1 <= each.high for each in same)
    told = sum(each.verdict == "slower" for each in slower)
    half = median(50 * (each.high - each.low) for each in same)
    print(f"bars: the same network holds 1 in {holds} of {len(same)} (35 of 40): {_met(8 * holds >= 7 * len(same))}")
    print(f"      median half-width {half:.2f} % (3 %): {_met(half <= 3)}")
    apart = _met(10 * told >= 9 * len(slower))
    print(f"      a tenth slower told apart in {told} of {len(slower)} (36 of 40): {apart}")


def _met(held: bool) -> str:
    return "met" if held else "NOT MET"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    here, settings = device("cpu"), ProfileSettings()
    with tempfile.TemporaryDirectory() as folder:
        a, b = chain(20, Path(folder, "a.onnx")), chain(22, Path(folder, "b.onnx"))
        same: list[Ratio] = []
        slower: list[Ratio] = []
        for _ in range(asked.pairs):
            same += drain(here.compare([a, a], ["A", "A"], settings, asked.rounds)).ratios
            slower += drain(here.compare([a, b], ["A", "B"], settings, asked.rounds)).ratios
    facts = here.facts()
    print(f"{facts.cpu}, {facts.cores} cores, onnxruntime {facts.engines['onnxruntime']}, {asked.rounds} rounds")
    report("A against A", same, 1.0)
    report("A against B, a tenth more work", slower, median(each.ratio for each in slower))
    bars(same, slower)


if __name__ == "__main__":
    main()
