"""The command line: what can be said, who answers it, and with which status it ends."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from app.answers import version
from app.commands.say import Say
from profiler.errors import BadInput, Failed

DONE, FAILED, BAD_INPUT, CANCELLED = 0, 1, 2, 130
DATA_HELP = "digits (bundled), a folder of class folders, a zip of one, an MNIST IDX folder, or an .npz"
NETWORK_HELP = "a file, or zoo:NAME (see netbonsai zoo); with --study also a candidate’s letter"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed, 2 bad input, 130 cancelled."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given or _names_a_file(given[0]):
        return _window(given)
    args = parser().parse_args(given)
    return guarded(lambda: command(args.answer)(args, Say(args.json)))


def _names_a_file(word: str) -> bool:
    """A study or a network to open in the window, as a file manager hands it over."""
    return not word.startswith("-") and word not in COMMANDS and Path(word).exists()


def guarded(work: Callable[[], None]) -> int:
    """Do the work; what goes wrong is said on stderr in the words of the error, and decides the status."""
    try:
        work()
        sys.stdout.flush()
    except BadInput as error:
        _say_error(error.what, error.where, error.fix)
        return BAD_INPUT
    except Failed as error:
        _say_error(error.what, "", error.fix, error.evidence)
        return FAILED
    except KeyboardInterrupt:
        _say_error("Cancelled.", "", "What was measured before is kept where --study was given.")
        return CANCELLED
    except BrokenPipeError:  # whoever read our output has enough
        sys.stderr.close()
        return DONE
    return DONE


def _say_error(what: str, where: str, fix: str, evidence: str = "") -> None:
    parts = [f"netbonsai: {what}", *(f"  {part}" for part in (where, fix) if part)]
    parts += [f"  | {line}" for line in evidence.splitlines()[-12:]]
    sys.stderr.write("\n".join(parts) + "\n")


def _window(paths: Sequence[str]) -> int:
    status: list[int] = []

    def show() -> None:
        from app.ui.main import run

        status.append(run(paths))

    failed = guarded(show)
    return failed or status[0]


def command(path: str) -> Callable[[Namespace, Say], None]:
    """`module:function` of `app.commands`, imported only when it is asked for: `inspect` loads no engine."""
    module, _, name = path.partition(":")
    return getattr(import_module(f"app.commands.{module}"), name)


# -------------------------------------------------------------------------------- what can be said


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
    for add in (
        _demo,
        _zoo,
        _inspect,
        _evaluate,
        _profile,
        _compress,
        _compare,
        _pack,
        _unpack,
        _devices,
        _report,
        _study,
    ):
        add(commands)
    return top


def _command(commands: Any, name: str, text: str, answer: str) -> ArgumentParser:
    made: ArgumentParser = commands.add_parser(name, help=text, description=text)
    made.add_argument("--json", action="store_true", help="one JSON object on stdout, and nothing else there")
    made.set_defaults(answer=answer)
    return made


def _network(made: ArgumentParser, count: str | None = None) -> None:
    if count is None:
        made.add_argument("network", metavar="NETWORK", help=NETWORK_HELP)
    else:
        made.add_argument("networks", metavar="NETWORK", nargs=count, help=NETWORK_HELP)
    made.add_argument(
        "--input", action="append", metavar="[NAME=]1x3x224x224", help="the size of an input; may be repeated"
    )


def _measured(made: ArgumentParser) -> None:
    made.add_argument("--preprocess", metavar="FILE.toml", help="how an image becomes the input")
    made.add_argument("--study", metavar="DIR", help="keep what was done in this study; begun if there is none")


def _how(made: ArgumentParser) -> None:
    made.add_argument("--runs", type=_whole(1), default=50, metavar="N", help="timed runs (50)")
    made.add_argument("--warmup", type=_whole(0), default=10, metavar="N", help="runs before them (10)")
    made.add_argument("--batch", type=_whole(1), default=1, metavar="N", help="images in one run (1)")
    made.add_argument("--threads", type=_whole(1), default=1, metavar="N", help="threads of the engine (1)")
    made.add_argument("--engine", default="onnxruntime", metavar="E", help="what runs the network (onnxruntime)")


def _whole(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return value

    return number


def _demo(commands: Any) -> None:
    made = _command(commands, "demo", "The main job on the bundled network, without a window.", "demo:demo")
    made.add_argument("--out", default="demo", metavar="DIR", help="where the report and the study go (demo)")


def _zoo(commands: Any) -> None:
    _command(commands, "zoo", "The built-in networks.", "networks:zoo")


def _inspect(commands: Any) -> None:
    made = _command(commands, "inspect", "Parameters and operations, layer by layer.", "networks:inspect")
    _network(made)
    made.add_argument("--convention", choices=("macs", "ops", "flops"), default="macs",
                      help="what operations count: MACs; MACs + bias; FLOPs = 2 · MACs")  # fmt: skip


def _evaluate(commands: Any) -> None:
    made = _command(commands, "evaluate", "Accuracy on a data set.", "measure:evaluate")
    _network(made)
    made.add_argument("--data", required=True, metavar="DATA", help=DATA_HELP)
    made.add_argument("--split", choices=("test", "validation", "train"), default="test")
    _measured(made)


def _profile(commands: Any) -> None:
    made = _command(commands, "profile", "Time, memory and power on a device, layer by layer.", "measure:profile")
    _network(made)
    made.add_argument("--device", action="append", metavar="D", help="cpu (this computer) or a name; may be repeated")
    _how(made)
    _measured(made)


def _compress(commands: Any) -> None:
    made = _command(commands, "compress", "Run a recipe on a network.", "studies:compress")
    _network(made)
    made.add_argument("--recipe", required=True, metavar="FILE.toml")
    made.add_argument("--data", metavar="DATA", help=DATA_HELP)
    made.add_argument("--seed", type=_whole(0), metavar="N", help="in place of the recipe’s own")
    made.add_argument("-o", "--out", required=True, metavar="OUT.onnx")
    _measured(made)


def _compare(commands: Any) -> None:
    made = _command(commands, "compare", "Networks timed in turn (A B A B …), against the first.", "measure:compare")
    made.add_argument("first", metavar="A", help=NETWORK_HELP)
    _network(made, "+")
    made.add_argument("--device", default="cpu", metavar="D", help="cpu (this computer) or a name")
    made.add_argument("--data", metavar="DATA", help=DATA_HELP)
    made.add_argument("--rounds", type=_whole(5), default=20, metavar="N", help="turns of each network (20)")
    _how(made)
    _measured(made)


def _pack(commands: Any) -> None:
    made = _command(commands, "pack", "A network as an .nbz file, every byte counted.", "measure:pack")
    _network(made)
    made.add_argument("-o", "--out", required=True, metavar="FILE.nbz")
    _measured(made)


def _unpack(commands: Any) -> None:
    made = _command(commands, "unpack", "An .nbz file as the ONNX file that was packed.", "networks:unpack")
    made.add_argument("packed", metavar="FILE.nbz")
    made.add_argument("-o", "--out", required=True, metavar="OUT.onnx")


def _devices(commands: Any) -> None:
    group: ArgumentParser = commands.add_parser("devices", help="The devices that can be measured on.")
    inner = group.add_subparsers(dest="what", metavar="list", required=True)
    _command(inner, "list", "The devices that can be measured on.", "measure:devices")


def _report(commands: Any) -> None:
    made = _command(commands, "report", "A study as one HTML file, with CSV and JSON beside it.", "studies:report")
    made.add_argument("folder", metavar="STUDY", help="the study’s folder")
    made.add_argument("-o", "--out", required=True, metavar="FILE.html")


def _study(commands: Any) -> None:
    group: ArgumentParser = commands.add_parser("study", help="What is in a study.")
    inner = group.add_subparsers(dest="what", metavar="list", required=True)
    made = _command(inner, "list", "The candidates of a study, or the studies in a folder.", "studies:study_list")
    made.add_argument("folder", metavar="DIR")


COMMANDS: dict[str, Callable[[Any], None]] = {
    "demo": _demo,
    "zoo": _zoo,
    "inspect": _inspect,
    "evaluate": _evaluate,
    "profile": _profile,
    "compress": _compress,
    "compare": _compare,
    "pack": _pack,
    "unpack": _unpack,
    "devices": _devices,
    "report": _report,
    "study": _study,
}
