"""Any network that can be read, as an ONNX file: in its own opset, or in an older one."""

from __future__ import annotations

from argparse import Namespace

from app import words
from app.commands.networks import checked_out, named_network
from app.commands.say import Say
from app.convert import convert as write
from app.convert import runtime_opset
from profiler.errors import BadInput


def convert(args: Namespace, say: Say) -> None:
    """Read it, lower it if that is asked for, write it."""
    out = checked_out(args.out, ".onnx")
    if args.opset is not None and args.runtime is not None:
        raise BadInput("--opset and --runtime both say which opset.", fix="Give one of them.")
    opset = runtime_opset(args.runtime) if args.runtime is not None else args.opset
    network = named_network(args)
    if network.path is not None and out.exists() and out.samefile(network.path):
        raise BadInput(f"“{out}” is the network itself.", fix="Give another name.")
    found = write(network, out, opset, args.ir)
    say.answer(found)
    size = words.bytes_in_full(found["file_bytes"])
    say.line(f"{out}: {size}, opset {found['opset']}, IR version {found['ir_version']}")
    for what, names in (("Written in another way", found["rewritten"]), ("Written out as formulas", found["formulas"])):
        if names:
            say.line(f"{what}: {', '.join(names)}.")
    if opset is not None and found["opset"] < opset:
        say.line(f"It was in opset {found['opset']} already, which what loads {opset} loads too.")
