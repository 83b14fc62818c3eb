"""A study's file: an append-only list of facts in SQLite, and the large files beside it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import msgspec

from app.facts import FACTS, Fact
from app.study import Study, replay
from profiler.errors import BadInput, Failed
from profiler.plain import from_json, to_json

FILE = "study.sqlite"
FORMAT = 1  # raised when an older program could not read what a newer one writes
APPLICATION = 0x4E424F4E  # "NBON": says whose file this is


class Store:
    """One open study. Only the program's own process writes it; each call of `record` is one transaction."""

    def __init__(self, folder: Path) -> None:
        """Open the study in `folder`, or begin one there. Raises BadInput: not ours, or from a newer version."""
        self.folder = folder
        self.objects = folder / "objects"
        self._lock = Lock()
        try:
            self.objects.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(folder / FILE, check_same_thread=False, isolation_level=None)
        except (OSError, sqlite3.OperationalError) as error:
            raise BadInput(
                f"No study can be kept in {folder}.", str(error), "Choose a folder that can be written."
            ) from error
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        try:
            self._database.execute("PRAGMA busy_timeout = 10000")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            ours = self._database.execute("PRAGMA application_id").fetchone()[0]
            tables = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise BadInput(
                f"{self.folder / FILE} is not a study.", f"SQLite says: {error}.", "Open another folder."
            ) from error
        if tables and ours != APPLICATION:
            raise BadInput(f"{self.folder / FILE} is another program's file.", fix="Open another folder.")
        if version > FORMAT:
            raise BadInput(
                f"The study in {self.folder} was written by a newer NetBonsai.",
                f"Its format is {version}; this program reads up to {FORMAT}.",
                "Update NetBonsai (pip install -U netbonsai). The study is unharmed.",
            )
        with _trouble(self.folder):
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            if not tables:
                self._begin()

    def _begin(self) -> None:
        """Make the empty study, whole or not at all: whoever only reads one never writes to it."""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS fact ("
            "id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL)"
        )
        self._database.execute(f"PRAGMA application_id = {APPLICATION}")
        self._database.execute(f"PRAGMA user_version = {FORMAT}")
        self._database.execute("COMMIT")

    def record(self, *facts: Fact) -> None:
        """All of `facts`, or none: one transaction. Raises Failed when the disk is full or cannot be written."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [(at, type(fact).__name__, to_json(fact)) for fact in facts]
        with self._lock, _trouble(self.folder):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT INTO fact (at, kind, body) VALUES (?, ?, ?)", rows)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def facts(self) -> list[Fact]:
        """All facts in their order; kinds not known to this version are left out. Raises BadInput on a broken one."""
        with self._lock, _trouble(self.folder):
            rows = self._database.execute("SELECT id, kind, body FROM fact ORDER BY id").fetchall()
        known: list[Fact] = []
        for number, kind, body in rows:
            if kind not in FACTS:
                continue
            try:
                known.append(from_json(body, FACTS[kind]))
            except msgspec.DecodeError as error:
                raise BadInput(f"Fact {number} of the study in {self.folder} is damaged.", str(error)) from error
        return known

    def study(self) -> Study:
        """The study as its facts make it."""
        return replay(self.facts())

    def save_copy(self, folder: Path) -> None:
        """A complete copy in a new folder: facts and objects."""
        import shutil

        if (folder / FILE).exists():
            raise BadInput(f"{folder} already holds a study.", fix="Choose an empty folder.")
        with _trouble(folder):
            try:
                shutil.copytree(
                    self.objects,
                    folder / "objects",
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(".incoming-*"),
                )
            except OSError as error:
                raise Failed("The copy could not be made.", f"Look at {folder}.", str(error)) from error
            with self._lock:
                copy = sqlite3.connect(folder / FILE)
                try:
                    self._database.backup(copy)
                finally:
                    copy.close()

    def close(self) -> None:
        with self._lock:
            self._database.close()


def is_study(folder: Path) -> bool:
    return (folder / FILE).is_file()


class _trouble:
    """SQLite's errors in words a user can act on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        full = isinstance(error, sqlite3.OperationalError) and "full" in str(error)
        what = "The disk is full." if full else f"The study in {self.folder} could not be written or read."
        fix = "Nothing already in the study is lost. " + (
            "Make room, then start again." if full else f"SQLite says: {error}."
        )
        raise Failed(what, fix, evidence=str(error)) from error
