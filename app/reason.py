"""One sentence of “no faster, because…”, with what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A title and the sentences below it; `layer` when it is about one."""

    title: str
    text: str
    layer: str | None = None
