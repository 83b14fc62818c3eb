"""What several commands take: the pieces that the grammar of the command line is made of."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

DATA_HELP = "digits (bundled), a folder of class folders, a zip of one, an MNIST IDX folder, or an .npz"
NETWORK_HELP = "a file, or zoo:NAME (see netbonsai zoo); with --study also a candidate’s letter"


def command(commands: Any, name: str, text: str, answer: str) -> ArgumentParser:
    said = text.replace("%", "%%")  # argparse puts values into its texts by %
    made: ArgumentParser = commands.add_parser(name, help=said, description=said)
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
    engine(made)


def engine(made: ArgumentParser) -> None:
    made.add_argument("--engine", default="onnxruntime", metavar="E", help="what runs the network (onnxruntime)")
    made.add_argument("--precision", choices=("fp32", "fp16", "int8"), default="fp32",
                      help="what engines that convert the network themselves compute in (fp32)")  # fmt: skip


def power(made: ArgumentParser) -> None:
    made.add_argument("--meter", default="", metavar="M", help="which source of power is read (the most trusted)")
    made.add_argument("--marker", action="store_true",
                      help="three bursts of load, by which an external meter is aligned; 45 s more")  # fmt: skip


def wholes(least: int) -> Callable[[str], list[int]]:
    """1,2,4,8 as numbers, in their order, each once."""
    one = whole(least)
    return lambda text: list(dict.fromkeys(one(part) for part in text.split(",")))


def number(least: float) -> Callable[[str], float]:
    def made(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            raise ArgumentTypeError(f"{text!r} is not a number from {least:g} on")
        return value

    return made


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
