"""What devices mean for a product: `boards` side by side, and how long a `battery` lasts."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app import words
from app.answers import Answer, battery_life, board_compared, board_printed
from app.battery import Battery
from app.battery import battery as life
from app.board_facts import boards as printed
from app.board_story import BoardRow, board_rows, sources_told
from app.boards import kinds
from app.commands.bench import bench
from app.commands.measure import candidate_of, device_of, settings_of, study_folder
from app.commands.say import Say
from app.commands.secrets import run_on
from app.store import Store, is_study
from profiler.errors import BadInput, Failed
from profiler.measurement import Profile


def battery(args: Namespace, say: Say) -> None:
    """From a profile with energy: the study's own where it has one on the device, else one that is taken now."""
    with bench(study_folder(args)) as work:
        candidate = candidate_of(work, args, args.network)
        letter, device = candidate.letter, device_of(candidate, args.device)
        profile = candidate.profiles.get(device)
        if profile is None or profile.power is None:
            how = settings_of(args)
            (failed,) = run_on(work, [device], lambda name: work.workbench.profile(letter, name, how))
            if failed is not None:
                raise failed
            profile = work.study.candidate(letter).profiles[device]
    found = life(profile, args.watt_hours, args.per_hour)
    if found is None:
        raise Failed(f"The energy of an inference was not measured on {_called(profile)}.", _why(profile))
    say.answer(battery_life(found))
    _say_battery(found, profile, say)


def _called(profile: Profile) -> str:
    return words.device(profile.device.name, profile.device.model)


def _why(profile: Profile) -> str:
    if profile.power is None:
        return "It has no meter that could be read. Lay an external meter’s readings beside a profile: netbonsai meter."
    return f"Only {profile.power.samples} readings fell into the run. Take more runs: --runs."


def _say_battery(found: Battery, profile: Profile, say: Say) -> None:
    mark = ", imported" if found.imported else ""
    say.line(f"{words.significant(found.hours)} h and {words.three_digits(found.inferences)} inferences")
    often = f"{words.exact(round(found.per_hour))} an hour, at work {words.percent(found.duty)} of the time"
    say.line(f"on {words.significant(found.watt_hours)} Wh at {often}")
    say.line(f"{_called(profile)}, {found.rail} by {found.source}{mark}")
    say.line(found.formula)


def boards(args: Namespace, say: Say) -> None:
    """The boards as they stand in print; with a study, what one candidate does on each device it ran on."""
    if args.folder is None:
        _printed(say)
        return
    folder = Path(args.folder).expanduser()
    if not is_study(folder):
        raise BadInput(f"There is no study in “{args.folder}”.", fix="Give the folder of one.")
    store = Store(folder)
    try:
        study = store.study()
    finally:
        store.close()
    letter = args.candidate.upper()
    if letter not in study.candidates:
        raise BadInput(
            f"There is no candidate {letter} in this study.", fix=f"There are: {', '.join(study.candidates)}."
        )
    rows = board_rows(study, letter, kinds())
    say.answer({"candidate": letter, "boards": [board_compared(row) for row in rows]})
    if not rows:
        say.line(f"{letter} has not run on any device.")
        return
    head = ("Device", "", "Latency", "Images/s", "per $", "per W", "Watts", "Price", "Peak GFLOPS", "GB/s")
    say.table(head, [_row(row) for row in rows], left=2)
    for source in sources_told(rows):
        say.line(f"  {source}")


def _row(row: BoardRow) -> tuple[str, ...]:
    state = "imported" if row.imported else "measured"
    how = f"{row.engine} {row.precision}, batch {row.batch}" + ("" if row.complete else ", interrupted")
    gains = (row.fps, row.fps_per_dollar, row.fps_per_watt)
    return (
        row.title,
        how,
        words.marked(words.milliseconds(row.median_ms), state),
        *(_figure(value) for value in (*gains, row.watts, row.price_usd)),
        _whole(row.peak_gflops),
        _figure(row.bandwidth_gbs),
    )


def _figure(value: float | None) -> str:
    return "not known" if value is None else words.significant(value)


def _whole(value: float | None) -> str:
    return "not known" if value is None else words.exact(round(value))


def _printed(say: Say) -> None:
    """Without a study: only what is printed."""
    told: list[Answer] = [board_printed(board) for board in printed().values()]
    say.answer({"boards": told})
    rows = [
        (
            board.name,
            board.gpu,
            f"${board.price_usd:,.0f}" if board.price_usd is not None else "not known",
            _whole(board.fp32_gflops),
            _whole(board.fp16_gflops) if board.fast_fp16 else words.does_not_apply,
            _figure(board.bandwidth_gb_s),
            "–".join(f"{each:g}" for each in sorted(set(board.watts))) if board.watts else "not known",
        )
        for board in printed().values()
    ]
    say.table(("Board", "GPU", "Price", "GFLOPS fp32", "fp16", "GB/s", "Watts"), rows, left=2)
    say.line("As found in print; nothing here was measured. Where each figure is from: --json.")
