"""The commands that look at networks, as they are said."""

from __future__ import annotations

from typing import Any

from app.grammar_parts import command, network


def zoo(commands: Any) -> None:
    command(commands, "zoo", "The built-in networks.", "networks:zoo")


def inspect(commands: Any) -> None:
    made = command(commands, "inspect", "Parameters and operations, layer by layer.", "networks:inspect")
    network(made)
    made.add_argument("--convention", choices=("macs", "ops", "flops"), default="macs",
                      help="what operations count: MACs; MACs + bias; FLOPs = 2 · MACs")  # fmt: skip


def unpack(commands: Any) -> None:
    made = command(commands, "unpack", "An .nbz file as the ONNX file that was packed.", "networks:unpack")
    made.add_argument("packed", metavar="FILE.nbz")
    made.add_argument("-o", "--out", required=True, metavar="OUT.onnx")


def fusion(commands: Any) -> None:
    made = command(commands, "fusion", "Which layers a runtime makes one kernel, and what that saves.", "fusion:fusion")
    network(made)
