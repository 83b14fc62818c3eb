"""How much of a network is at work on data: Act%, Weights% and FLOP% by layer."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app import words
from app.activity_story import HEADS, RANDOM, activity_rows, headline, is_random, looked_at, share_words
from app.answers import active
from app.commands.bench import bench
from app.commands.networks import input_shapes
from app.commands.say import Say
from app.facts import ActivityMeasured


def activity(args: Namespace, say: Say) -> None:
    """Run images through a network and count what is not zero."""
    preprocess = Path(args.preprocess) if args.preprocess else None
    with bench(Path(args.study) if args.study else None) as work:
        work.use_data(args.data)
        letter = work.candidate(args.network, input_shapes(args.input), preprocess, args.architecture).letter
        work.run(work.workbench.activity(letter, args.split, args.samples))
        found = work.study.candidate(letter).activity
        assert found is not None
        random = is_random(work.study, letter)
    say.answer(active(found))
    _say(found, say)
    if random:
        say.warn(f"Warning: {RANDOM}")


def _say(found: ActivityMeasured, say: Say) -> None:
    say.line(f"{found.activity.network} · {looked_at(found)}")
    say.line()
    rows = [
        (
            row.layer,
            row.op,
            words.three_digits(row.macs),
            *(share_words(share) for share in (row.act, row.weights, row.flops)),
        )
        for row in activity_rows(found.activity)
    ]
    whole = found.activity
    macs = sum(row.macs or 0 for row in whole.counted)
    shares = (share_words(share) for share in (whole.act, whole.weights, whole.flops))
    say.table(("Layer", "Operator", "MACs", *HEADS), [*rows, ("Total", "", words.three_digits(macs), *shares)], left=2)
    say.line()
    say.line(
        f"{headline(whole)}. FLOP% = Weights% · Act% of what the layer reads; the network’s input counts as 100 %."
    )
