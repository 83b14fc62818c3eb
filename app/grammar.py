"""The whole grammar of the command line: which commands there are, and what each takes."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from app.answers import version
from app.grammar_devices import battery, boards, devices, import_profile, meter, profile, sweep
from app.grammar_networks import activity, convert, diff, fusion, inspect, memory, unpack, zoo
from app.grammar_parts import DATA_HELP, NETWORK_HELP, command, how, measured, network, whole


def parser() -> ArgumentParser:
    """The whole grammar."""
    top = ArgumentParser(
        prog="netbonsai",
        description="Shrink a trained network until it fits a small board, and measure what that gained.",
        epilog="Without a command, or with the path of a study or a network: the window.",
    )
    top.add_argument("--version", action="version", version=f"NetBonsai {version()}")
    top.set_defaults(command=None, study_folder=None)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for add in COMMANDS.values():
        add(commands)
    return top


def demo(commands: Any) -> None:
    made = command(commands, "demo", "The main job on the bundled network, without a window.", "demo:demo")
    made.add_argument("--out", default="demo", metavar="DIR", help="where the report and the study go (demo)")


def evaluate(commands: Any) -> None:
    made = command(commands, "evaluate", "Accuracy on a data set.", "measure:evaluate")
    network(made)
    made.add_argument("--data", required=True, metavar="DATA", help=DATA_HELP)
    made.add_argument("--split", choices=("test", "validation", "train"), default="test")
    measured(made)


def compress(commands: Any) -> None:
    made = command(commands, "compress", "Run a recipe on a network.", "studies:compress")
    network(made)
    made.add_argument("--recipe", required=True, metavar="FILE.toml")
    made.add_argument("--data", metavar="DATA", help=DATA_HELP)
    made.add_argument("--seed", type=whole(0), metavar="N", help="in place of the recipe’s own")
    made.add_argument("--device", default="cpu", metavar="D", help="where steps measure: cpu (this computer) or a name")
    made.add_argument("-o", "--out", required=True, metavar="OUT.onnx")
    measured(made)


def compare(commands: Any) -> None:
    made = command(commands, "compare", "Networks timed in turn (A B A B …), against the first.", "measure:compare")
    made.add_argument("first", metavar="A", help=NETWORK_HELP)
    network(made, "+")
    made.add_argument("--device", default="cpu", metavar="D", help="cpu (this computer) or a name")
    made.add_argument("--data", metavar="DATA", help=DATA_HELP)
    made.add_argument("--rounds", type=whole(5), default=20, metavar="N", help="turns of each network (20)")
    how(made)
    measured(made)


def pack(commands: Any) -> None:
    made = command(commands, "pack", "A network as an .nbz file, every byte counted.", "measure:pack")
    network(made)
    made.add_argument("-o", "--out", required=True, metavar="FILE.nbz")
    measured(made)


def report(commands: Any) -> None:
    made = command(commands, "report", "A study as one HTML file, with CSV and JSON beside it.", "studies:report")
    made.add_argument("folder", metavar="STUDY", help="the study’s folder")
    made.add_argument("-o", "--out", required=True, metavar="FILE.html")


def study(commands: Any) -> None:
    group: ArgumentParser = commands.add_parser("study", help="What is in a study.")
    inner = group.add_subparsers(dest="what", metavar="list", required=True)
    made = command(inner, "list", "The candidates of a study, or the studies in a folder.", "studies:study_list")
    made.add_argument("folder", metavar="DIR")


COMMANDS: dict[str, Callable[[Any], None]] = {
    "demo": demo,
    "zoo": zoo,
    "inspect": inspect,
    "memory": memory,
    "activity": activity,
    "fusion": fusion,
    "diff": diff,
    "evaluate": evaluate,
    "profile": profile,
    "sweep": sweep,
    "import-profile": import_profile,
    "meter": meter,
    "battery": battery,
    "boards": boards,
    "compress": compress,
    "compare": compare,
    "pack": pack,
    "unpack": unpack,
    "convert": convert,
    "devices": devices,
    "report": report,
    "study": study,
}
