"""What cutting channels gains on this computer: networks of half the operations against the whole one, in turn.

    python tests/benchmarks/channel_speed.py [--rounds 20] [--seed 0] [--out channel_speed.json]

A ResNet-20 of width 64 (64, 128 and 256 channels) and the ResNet-20 of the zoo (16, 32 and 64), random weights, one
thread, batch 1. Each is cut to about half its operations with blocks of 1 (so that odd numbers come out), 8 and 16;
all of one network's cuts are compared with it in one interleaved run. Accuracy has no part in this: only time has.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from compressors.method import Context
from compressors.methods.channel_pruning import ChannelPruning
from devices import device
from profiler import zoo
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.measurement import ProfileSettings
from profiler.network import Network, save
from profiler.progress import drain
from profiler.zoo import resnet

BAR = 1.7
CUTS = {1: 0.5, 8: 0.5, 16: 0.52}  # block → share of the operations left at most


def wide() -> Network:
    """ResNet-20 with 64, 128 and 256 channels: 16 times the operations."""
    b = Builder("ResNet-20 of width 64", (3, 32, 32))
    x = b.relu("relu", resnet._conv_norm(b, "conv1", "bn1", b.input, 64, kernel=3))
    for stage, (filters, stride) in enumerate(((64, 1), (128, 2), (256, 2)), 1):
        for block in range(3):
            x = resnet._cifar_block(b, f"layer{stage}.{block}", x, filters, stride if block == 0 else 1)
    x = b.flatten("flatten", b.global_average_pool("avg_pool", x))
    return b.network(b.fc("linear", x, 10))


def widths(network: Network) -> str:
    """The numbers of channels of its convolutions, each once."""
    outputs = [
        layer.output_shape[1] for layer in breakdown(network).layers if layer.op == "Conv" and layer.output_shape
    ]
    return ", ".join(str(count) for count in sorted(set(outputs)))


def measure(title: str, network: Network, rounds: int, seed: int) -> list[dict[str, object]]:
    """A row for each cut: its block, operations left, channels, and how many times faster it is."""
    whole = breakdown(network).totals().macs
    cuts: dict[int, Network] = {}
    for block, left in CUTS.items():
        cuts[block] = drain(ChannelPruning(left=left, block=block, epochs=0).apply(network, Context(seed=seed)))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.onnx") for name in ("whole", *cuts)]
        for path, each in zip(paths, (network, *cuts.values()), strict=True):
            save(each, path)
        labels = ["whole", *(f"block {block}" for block in cuts)]
        found = drain(device("cpu").compare(paths, labels, ProfileSettings(), rounds))
    rows: list[dict[str, object]] = []
    for (block, cut), ratio in zip(cuts.items(), found.ratios, strict=True):
        left = breakdown(cut).totals().macs / whole
        rows.append(
            {"network": title, "block": block, "channels": widths(cut), "operations_left": left,
             "ratio": ratio.ratio, "low": ratio.low, "high": ratio.high, "verdict": ratio.verdict}
        )  # fmt: skip
        print(
            f"{title:24} block {block:2}  {left:6.1%} of the operations  {ratio.ratio:.2f}x "
            f"[{ratio.low:.2f}, {ratio.high:.2f}]  channels {widths(cut)}"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out")
    asked = parser.parse_args()
    began = time.monotonic()
    facts = device("cpu").facts()
    print(f"{facts.cpu}, onnxruntime {facts.engines['onnxruntime']}, one thread, seed {asked.seed}")
    rows = measure("ResNet-20 of width 64", wide(), asked.rounds, asked.seed)
    best = max(float(str(row["ratio"])) for row in rows)
    rows += measure("ResNet-20", zoo.build("ResNet-20"), asked.rounds, asked.seed)
    print(f"bar: a ResNet of width 64 at about half the operations at least {BAR}x: {best:.2f}x", end=" ")
    print("met" if best >= BAR else "NOT MET", f"({time.monotonic() - began:.0f} s)")
    if asked.out:
        Path(asked.out).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
