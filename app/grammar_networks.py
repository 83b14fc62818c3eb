"""The commands that look at networks, as they are said."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from app.grammar_parts import DATA_HELP, NETWORK_HELP, command, measured, network, whole


def convention(made: ArgumentParser) -> None:
    made.add_argument("--convention", choices=("macs", "ops", "flops"), default="macs",
                      help="what operations count: MACs; MACs + bias; FLOPs = 2 · MACs")  # fmt: skip


def zoo(commands: Any) -> None:
    command(commands, "zoo", "The built-in networks.", "networks:zoo")


def inspect(commands: Any) -> None:
    made = command(commands, "inspect", "Parameters and operations, layer by layer.", "networks:inspect")
    network(made)
    convention(made)


def unpack(commands: Any) -> None:
    made = command(commands, "unpack", "An .nbz file as the ONNX file that was packed.", "networks:unpack")
    made.add_argument("packed", metavar="FILE.nbz")
    made.add_argument("-o", "--out", required=True, metavar="OUT.onnx")


def convert(commands: Any) -> None:
    made = command(commands, "convert", "A network as an ONNX file, in an older opset if asked.", "convert:convert")
    network(made)
    made.add_argument("-o", "--out", required=True, metavar="OUT.onnx")
    made.add_argument("--opset", type=whole(1), metavar="N", help="no newer than this, exactly or not at all (its own)")
    made.add_argument("--runtime", metavar="X.Y", help="the newest opset that this release of ONNX Runtime loads")
    made.add_argument("--ir", type=whole(1), metavar="N", help="IR version (the one that came with the opset)")


def fusion(commands: Any) -> None:
    made = command(commands, "fusion", "Which layers a runtime makes one kernel, and what that saves.", "fusion:fusion")
    network(made)


def memory(commands: Any) -> None:
    made = command(commands, "memory", "What is alive while each layer runs, and who makes the peak.", "memory:memory")
    network(made)
    made.add_argument("--in-place", action="store_true",
                      help="elementwise operators write over an input that nothing needs any more")  # fmt: skip


def activity(commands: Any) -> None:
    made = command(commands, "activity", "What is not zero on real data: Act%, Weights%, FLOP%.", "activity:activity")
    network(made)
    made.add_argument("--data", required=True, metavar="DATA", help=DATA_HELP)
    made.add_argument("--split", choices=("test", "validation", "train"), default="test")
    made.add_argument("--samples", type=whole(1), default=500, metavar="N", help="images, spread over the split (500)")
    measured(made)


def diff(commands: Any) -> None:
    made = command(commands, "diff", "Two networks layer by layer: same, changed, added, removed.", "diff:diff")
    made.add_argument("first", metavar="A", help=NETWORK_HELP)
    network(made)
    convention(made)
    made.add_argument("--all", action="store_true", help="list the layers that are the same too")
