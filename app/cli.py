"""The command line: who answers a command, and with which status it ends."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from app.commands.say import Say
from app.grammar import COMMANDS, parser
from profiler.errors import BadInput, Failed

DONE, FAILED, BAD_INPUT, CANCELLED = 0, 1, 2, 130


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
