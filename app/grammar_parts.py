"""What several commands take: the pieces that the grammar of the command line is made of."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

DATA_HELP = "digits (bundled), a folder of class folders, a zip of one, an MNIST IDX folder, or an .npz"
NETWORK_HELP = "a file, or zoo:NAME (see netbonsai zoo); with --study also a candidate’s letter"


def command(commands: Any, name: str, text: str, answer: str) -> ArgumentParser:
    made: ArgumentParser = commands.add_parser(name, help=text, description=text)
    made.add_argument("--json", action="store_true", help="one JSON object on stdout, and nothing else there")
    made.set_defaults(answer=answer)
    return made


def network(made: ArgumentParser, count: str | None = None) -> None:
    if count is None:
        made.add_argument("network", metavar="NETWORK", help=NETWORK_HELP)
    else:
        made.add_argument("networks", metavar="NETWORK", nargs=count, help=NETWORK_HELP)
    made.add_argument(
        "--input", action="append", metavar="[NAME=]1x3x224x224", help="the size of an input; may be repeated"
    )
    made.add_argument(
        "--architecture", metavar="NAME", help="the built-in network that a file of weights alone (.pth …) belongs to"
    )


def measured(made: ArgumentParser) -> None:
    made.add_argument("--preprocess", metavar="FILE.toml", help="how an image becomes the input")
    made.add_argument("--study", metavar="DIR", help="keep what was done in this study; begun if there is none")


def how(made: ArgumentParser) -> None:
    made.add_argument("--runs", type=whole(1), default=50, metavar="N", help="timed runs (50)")
    made.add_argument("--warmup", type=whole(0), default=10, metavar="N", help="runs before them (10)")
    made.add_argument("--batch", type=whole(1), default=1, metavar="N", help="images in one run (1)")
    made.add_argument("--threads", type=whole(1), default=1, metavar="N", help="threads of the engine (1)")
    made.add_argument("--engine", default="onnxruntime", metavar="E", help="what runs the network (onnxruntime)")


def whole(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return value

    return number
