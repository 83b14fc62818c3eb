"""What was measured elsewhere: `import-profile`, and `meter` for the readings of an external one."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app.answers import profiled
from app.commands.bench import bench
from app.commands.measure import candidate_of, device_of, say_profile, study_folder
from app.commands.say import Say
from profiler.errors import BadInput


def import_profile(args: Namespace, say: Say) -> None:
    """A file that another tool wrote, as a profile of the device it was measured on."""
    with bench(study_folder(args)) as work:
        letter = candidate_of(work, args, args.network).letter
        view = work.run(work.workbench.import_profile(letter, [_file(each) for each in args.files], args.device))
        found = work.study.candidate(letter).history[-1]
    say.answer(profiled(found))
    say.line(view.message)
    say_profile(found, say)


def meter(args: Namespace, say: Say) -> None:
    """Readings of an external meter beside the newest profile, which then has its energy."""
    if args.study is None:
        raise BadInput("Readings are laid beside a profile that a study keeps.", fix="Name the study: --study DIR.")
    with bench(study_folder(args)) as work:
        candidate = candidate_of(work, args, args.network)
        letter, device = candidate.letter, device_of(candidate, args.device)
        view = work.run(work.workbench.meter(letter, device, _file(args.readings), args.offset))
        found = work.study.candidate(letter).profiles[device]
    say.answer(profiled(found))
    say.line(view.message)
    say_profile(found, say)


def _file(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise BadInput(f"There is no file “{name}”.", fix="Check the path.")
    return path
