"""What the window remembers for one person: sizes, columns, page, selection, theme, recent studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

MOST_RECENT = 8


def store() -> QSettings:
    """One file a user; tests point it elsewhere with `QSettings.setPath`."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "NetBonsai", "NetBonsai")


def text(key: str, default: str = "") -> str:
    return str(store().value(key, default))


def keep(key: str, value: str | QByteArray) -> None:
    store().setValue(key, value)


def state(key: str) -> QByteArray:
    """A geometry or a splitter's state; empty when none was kept."""
    value = store().value(key)
    return value if isinstance(value, QByteArray) else QByteArray()


def columns(table: str) -> dict[str, int]:
    """Column key → width in pixels."""
    plain = _plain(f"columns/{table}")
    return {k: v for k, v in plain.items() if isinstance(v, int)} if isinstance(plain, dict) else {}


def keep_columns(table: str, widths: dict[str, int]) -> None:
    keep(f"columns/{table}", json.dumps(widths))


def recent() -> list[Path]:
    """Folders of studies that still exist, newest first."""
    plain = _plain("recent")
    return [Path(p) for p in plain if Path(p).is_dir()] if isinstance(plain, list) else []


def keep_recent(folder: Path) -> None:
    others = [str(p) for p in recent() if p != folder]
    keep("recent", json.dumps([str(folder), *others][:MOST_RECENT]))


def selection(folder: Path) -> dict[str, str]:
    """What was selected in a study when it was left: candidate, layer, device, convention."""
    plain = _plain(f"selection/{_key(folder)}")
    return {k: str(v) for k, v in plain.items()} if isinstance(plain, dict) else {}


def keep_selection(folder: Path, chosen: dict[str, str]) -> None:
    keep(f"selection/{_key(folder)}", json.dumps(chosen))


def _key(folder: Path) -> str:
    return str(folder).replace("/", "|").replace("\\", "|")


def _plain(key: str) -> Any:
    try:
        return json.loads(text(key, "null"))
    except ValueError:
        return None
