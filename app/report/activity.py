"""The report's table of what is not zero on real data, as the lecture has it for LeNet-5."""

from __future__ import annotations

from typing import Any

from app import words
from app.activity_story import HEADS, MEANING, activity_rows, headline, looked_at, share_words
from app.facts import ActivityMeasured

Row = dict[str, Any]


def activity(letter: str, title: str, found: ActivityMeasured) -> Row:
    """One candidate's table: the layers that multiply by weights, and the totals."""
    whole = found.activity
    return {
        "letter": letter,
        "title": title,
        "where": looked_at(found),
        "headline": headline(whole),
        "heads": [(head, MEANING[head]) for head in HEADS],
        "layers": [
            {
                "name": row.layer,
                "op": row.op,
                "kind": row.kind,
                "macs": words.exact(row.macs) if row.macs is not None else "not known",
                "shares": [(share_words(share), share) for share in (row.act, row.weights, row.flops)],
            }
            for row in activity_rows(whole)
        ],
        "macs": words.exact(sum(row.macs or 0 for row in whole.counted)),
        "totals": [share_words(share) for share in (whole.act, whole.weights, whole.flops)],
    }
