"""A table as text: TSV for the clipboard, CSV and JSON for files. The head names units and convention."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from app.ui.parts.table.model import Column, Row


def heads(columns: Sequence[Column]) -> list[str]:
    """`MACs`, `Time, here (ms)`."""
    return [f"{c.head} ({c.unit})" if c.unit else c.head for c in columns]


def as_tsv(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Tab-separated, head first. Values are exact; a figure not known is written in words, as shown."""
    lines = [heads(columns)]
    lines += [[_one_line(_or_words(row, c.key)) for c in columns] for row in rows]
    return "\n".join("\t".join(line) for line in lines) + "\n"


def as_csv(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Comma-separated, head first; a figure not known is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads(columns))
    for row in rows:
        writer.writerow(["" if (plain := row.cell(c.key).plain) is None else plain for c in columns])
    return out.getvalue()


def as_json(columns: Sequence[Column], rows: Sequence[Row], title: str) -> str:
    """`{"title", "rows": [{head: value}]}`; a figure not known is null."""
    names = heads(columns)
    listed = [{n: row.cell(c.key).plain for n, c in zip(names, columns, strict=True)} for row in rows]
    return json.dumps({"title": title, "rows": listed}, ensure_ascii=False, indent=1) + "\n"


def _or_words(row: Row, key: str) -> str:
    cell = row.cell(key)
    return cell.text if cell.plain is None else str(cell.plain)


def _one_line(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
