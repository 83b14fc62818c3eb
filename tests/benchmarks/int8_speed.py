"""What fewer bits give on this processor, in turn and on one thread: `python tests/benchmarks/int8_speed.py PART`.

prepare   makes ResNet-50's files
accuracy  makes ResNet-20's files and measures the accuracy of each
resnets   times ResNet-50 and ResNet-20 as fp32, int8 U8S8, S8S8, with 7-bit weights, dynamic, and fp16
four-bit  times AlexNet and VGG-16 with their fully connected layers in 4 bits, at batch 1
zeros     times AlexNet with nine weights in ten zero, in no pattern, and prints what the program says of it

A processor that is busy with something else gives other figures: run each part alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from compressors.data import DataSet, open_data
from compressors.evaluate import evaluate
from compressors.method import Context, Method
from compressors.methods.four_bit import FourBit
from compressors.methods.half_precision import HalfPrecision
from compressors.methods.int8 import Int8
from compressors.methods.magnitude_pruning import MagnitudePruning
from devices import device
from profiler import formats
from profiler.breakdown import breakdown
from profiler.measurement import Comparison, ProfileSettings
from profiler.network import Network, save
from profiler.progress import drain
from profiler.trace import outline

SHARED = Path(os.environ.get("NETBONSAI_SHARED", Path(__file__).parents[3] / "shared"))
BAR = 2.5  # times faster: U8S8 on a network of ResNet-50's size, where the processor has VNNI
FORMS: Mapping[str, Method] = {
    "int8 U8S8": Int8(samples=200),
    "int8 S8S8": Int8(samples=200, activations="signed"),
    "int8 U8S8, 7-bit weights": Int8(samples=200, reduce_range=True),
    "int8 dynamic (fc only)": Int8(scales="dynamic"),
    "fp16": HalfPrecision(),
}
TRAINED = Int8(epochs=1, samples=200, optimizer="sgd", learning_rate=0.001, shift=4, flip=True)  # for ResNet-20
FEW = 16  # images for scales of a network whose weights are random: its accuracy means nothing
FOUR_BITS = ("32", "128")


def file_of(folder: Path, network: str, form: str) -> Path:
    return folder / f"{network} {form}.onnx".replace(", ", " ").replace(" ", "-")


def made(folder: Path, name: str, form: str, make: Callable[[], Network]) -> Path:
    """The file, made when it is not there."""
    path = file_of(folder, name, form)
    if not path.exists():
        began = time.monotonic()
        save(make(), path)
        print(f"  {path.name}: {path.stat().st_size:,} bytes in {time.monotonic() - began:.0f} s", flush=True)
    return path


def applied(step: Method, network: Network, data: DataSet | None) -> Network:
    return drain(step.apply(network, Context(data=data, seed=0, threads=1)))


def few(step: Method) -> Method:
    return replace(step, samples=FEW) if isinstance(step, Int8) else step


def prepare(folder: Path, data: DataSet) -> None:
    """ResNet-50's files: its weights are random, so its accuracy means nothing and few images do for the scales."""
    network = formats.read("zoo:ResNet-50")
    made(folder, "ResNet-50", "fp32", lambda: network)
    for form, step in FORMS.items():
        made(folder, "ResNet-50", form, lambda step=step: applied(few(step), network, data))


def accuracy(folder: Path, data: DataSet, source: Path, *, train: bool) -> None:
    """ResNet-20's files, and what each gets right of the test images."""
    network = formats.read(source)
    forms = {**FORMS, "int8 U8S8, trained": TRAINED} if train else FORMS
    made(folder, "ResNet-20", "fp32", lambda: network)
    print("| ResNet-20 | right of 10,000 test images | bytes |\n|---|---|---|")
    for form in ("fp32", *forms):
        path = made(folder, "ResNet-20", form, lambda form=form: applied(forms[form], network, data))
        found = drain(evaluate(path, network.input_recipe, data.split("test")))
        print(f"| {form} | {found.accuracy:.2%} | {path.stat().st_size:,} |", flush=True)


def timed(title: str, paths: Mapping[str, Path], *, rounds: int, runs: int) -> Comparison:
    """The table: each network's median, and how many times faster than the first it is."""
    settings = ProfileSettings(runs=runs, warmup=2)
    found = drain(device("cpu").compare(list(paths.values()), list(paths), settings, rounds))
    print(f"\n{title}, batch 1, one thread, {rounds} rounds in turn (load {found.load})")
    print("| | bytes | ms | times as fast | 95 % interval |\n|---|---|---|---|---|")
    for index, (form, path) in enumerate(paths.items()):
        ratio = next((one for one in found.ratios if one.b == form), None)
        words = "| 1 | |" if ratio is None else f"| {ratio.ratio:.2f} | {ratio.low:.2f}–{ratio.high:.2f} |"
        print(f"| {form} | {path.stat().st_size:,} | {median(found.rounds_ms[index]):.2f} {words}", flush=True)
    return found


def resnets(folder: Path, rounds: int) -> None:
    for name in ("ResNet-50", "ResNet-20"):
        paths = {form: file_of(folder, name, form) for form in ("fp32", *FORMS)}
        if not all(path.exists() for path in paths.values()):
            print(f"{name} was not prepared")
            continue
        found = timed(name, paths, rounds=rounds, runs=rounds)
        if name == "ResNet-50":
            ratio = next(one.ratio for one in found.ratios if one.b == "int8 U8S8")
            print(f"bar: U8S8 {ratio:.2f} times as fast ({BAR}): {'met' if ratio >= BAR else 'NOT MET'}")


def four_bit(folder: Path, rounds: int) -> None:
    for name in ("AlexNet", "VGG-16"):
        network = formats.read(f"zoo:{name}")
        paths = {"fp32": made(folder, name, "fp32", lambda network=network: network)}
        for block in FOUR_BITS:
            form = f"fc in 4 bits, blocks of {block}"
            step = FourBit(block=block)
            paths[form] = made(folder, name, form, lambda network=network, step=step: applied(step, network, None))
        timed(name, paths, rounds=rounds, runs=rounds)
        layers_of(name, paths, rounds)


def layers_of(name: str, paths: Mapping[str, Path], runs: int) -> None:
    """The fully connected layers alone, from a profiled pass of each file."""
    rows: dict[str, dict[str, float]] = {}
    for form, path in paths.items():
        settings = ProfileSettings(runs=runs, warmup=2)
        profile = drain(device("cpu").profile(path, outline(formats.read(path)), settings))
        rows[form] = {layer: row.median_us / 1000 for row in profile.layers for layer in row.covers}
    fully = [layer.name for layer in breakdown(formats.read(paths["fp32"])).layers if layer.kind == "fc"]
    print(f"\n{name}, ms by layer\n| layer | " + " | ".join(paths) + " |")
    for layer in fully:
        print(f"| {layer} | " + " | ".join(f"{rows[form].get(layer, float('nan')):.2f}" for form in paths) + " |")


def zeros(folder: Path, rounds: int) -> None:
    network = formats.read("zoo:AlexNet")
    step = MagnitudePruning(by="share", share=0.9, scope="layer", epochs=0)
    paths = {
        "fp32": made(folder, "AlexNet", "fp32", lambda: network),
        "90 % zeros": made(folder, "AlexNet", "90 % zeros", lambda: applied(step, network, None)),
    }
    pruned = formats.read(paths["90 % zeros"])
    left = sum(np.count_nonzero(pruned.weight(weight)) for weight in pruned.weights())
    print(f"{left / sum(pruned.weight(weight).size for weight in pruned.weights()):.1%} of the parameters are not zero")
    timed("AlexNet", paths, rounds=rounds, runs=rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("prepare", "accuracy", "resnets", "four-bit", "zeros"))
    parser.add_argument("--data", default=str(SHARED / "data" / "cifar10-jpeg.zip"))
    parser.add_argument("--resnet20", type=Path, default=SHARED / "data" / "weights" / "resnet20-12fca82f.th")
    parser.add_argument("--folder", type=Path, default=Path("build/int8"), help="the files are kept here")
    parser.add_argument("--train", action="store_true", help="accuracy: also with an epoch that rounds (an hour)")
    parser.add_argument("--rounds", type=int, default=12)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    facts = device("cpu").facts()
    print(f"{facts.cpu}, {facts.cores} cores, onnxruntime {facts.engines['onnxruntime']}", flush=True)
    if asked.part == "prepare":
        prepare(asked.folder, open_data(asked.data))
    elif asked.part == "accuracy":
        accuracy(asked.folder, open_data(asked.data), asked.resnet20, train=asked.train)
    else:
        {"resnets": resnets, "four-bit": four_bit, "zeros": zeros}[asked.part](asked.folder, asked.rounds)


if __name__ == "__main__":
    main()
