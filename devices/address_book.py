"""The boards a person has named: where each is and how to reach it. Never a password.

They are in `boards.toml` in this user's folder of settings, which a person may edit. What a board last said of itself
is beside it, a file each, so that it can be shown without contact.
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec
import platformdirs
import tomli_w

from profiler.errors import BadInput, Failed
from profiler.measurement import DeviceFacts
from profiler.plain import from_json, from_plain, to_json

FILE, SEEN = "boards.toml", "seen"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TAKEN = ("cpu",)  # what this computer is called
Login = Literal["key", "password", "keyring"]


def config_folder() -> Path:
    """This user's folder of settings; the environment variable NETBONSAI_CONFIG names another."""
    named = os.environ.get("NETBONSAI_CONFIG")
    return Path(named) if named else Path(platformdirs.user_config_dir("netbonsai", appauthor=False))


@dataclass(frozen=True)
class Address:
    """How to reach one board. What is empty or None is taken from ~/.ssh/config, else is as in ssh itself."""

    name: str  # what commands and studies call it
    host: str  # a name, an address, or a Host of ~/.ssh/config
    user: str = ""
    port: int | None = None
    key: str = ""  # a file with a private key
    jump: str = ""  # [user@]host[:port], several with commas between them
    python: str = "python3"  # the interpreter there that has the engines
    legacy: bool = False  # take SHA-1 too, for OpenSSH 6.6
    login: Login = "key"  # keys and the agent; a password typed each time; one in the system's keyring
    title: str = ""  # what people read
    kind: str = ""  # a board in assets/boards.toml, for its price and peak

    @property
    def place(self) -> str:
        """User, host and port in one word, without what is not given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user + '@' if self.user else ''}{host}{f':{self.port}' if self.port else ''}"


@dataclass(frozen=True)
class Seen:
    """What a board said of itself, and when (ISO 8601, UTC)."""

    facts: DeviceFacts
    at: str


class AddressBook:
    """Named boards in order. Changes are in memory until `save`; what was seen is written at once."""

    def __init__(self, folder: Path, addresses: tuple[Address, ...] = ()) -> None:
        self.folder, self.addresses = folder, addresses

    @classmethod
    def load(cls, folder: Path | None = None) -> AddressBook:
        """Read it; an empty one where there is no file. Raises BadInput where the file is not as it should be."""
        folder = folder or config_folder()
        path = folder / FILE
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return cls(folder)
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"The address book “{path}” cannot be read.", str(problem), "Mend or remove it.") from None
        book = cls(folder)
        for address in _parsed(text, path):
            book.add(address)
        return book

    def save(self) -> None:
        """Write it, all or nothing, for this user's eyes only. Raises Failed where the disk does not take it."""
        plain = [{key: value for key, value in asdict(each).items() if value is not None} for each in self.addresses]
        write_private(self.folder / FILE, tomli_w.dumps({"board": plain}).encode())

    def find(self, name: str) -> Address | None:
        """The board of that name, whatever its case."""
        return next((each for each in self.addresses if each.name.lower() == name.strip().lower()), None)

    def add(self, address: Address) -> None:
        """Raises BadInput where the name is taken, or where it or the host cannot be one."""
        check(address)
        if self.find(address.name) is not None:
            raise BadInput(f"There is a board named “{address.name}” already.", "", "Take another name.")
        self.addresses = (*self.addresses, address)

    def remove(self, name: str) -> None:
        """Raises BadInput where there is none. What was seen of it goes too."""
        found = self._found(name)
        self.addresses = tuple(each for each in self.addresses if each is not found)
        with suppress(OSError):
            self._seen_file(found.name).unlink(missing_ok=True)

    def replace(self, name: str, address: Address) -> None:
        """Put `address` in the place of the board called `name`. Raises BadInput as `add` and `remove` do."""
        check(address)
        found, other = self._found(name), self.find(address.name)
        if other is not None and other is not found:
            raise BadInput(f"There is a board named “{address.name}” already.", "", "Take another name.")
        self.addresses = tuple(address if each is found else each for each in self.addresses)
        if address.name != found.name:
            with suppress(OSError):
                self._seen_file(found.name).replace(self._seen_file(address.name))

    @property
    def seen(self) -> Mapping[str, Seen]:
        """What each board said of itself when it was last reached; nothing of those that never were."""
        found: dict[str, Seen] = {}
        for each in self.addresses:
            with suppress(OSError, msgspec.MsgspecError):  # lost or spoilt: it is seen anew at the next contact
                found[each.name] = from_json(self._seen_file(each.name).read_bytes(), Seen)
        return MappingProxyType(found)

    def see(self, name: str, facts: DeviceFacts, at: str) -> None:
        """Remember what a board said of itself. Raises Failed where the disk does not take it."""
        write_private(self._seen_file(self._found(name).name), to_json(Seen(facts, at)))

    def _seen_file(self, name: str) -> Path:
        return self.folder / SEEN / f"{name.lower()}.json"

    def _found(self, name: str) -> Address:
        found = self.find(name)
        if found is None:
            names = ", ".join(each.name for each in self.addresses)
            raise BadInput(f"There is no board named “{name}”.", "", f"There are: {names}." if names else "")
        return found


def check(address: Address) -> None:
    """Raises BadInput where an address cannot be one. None may look like an option of a command."""
    if not NAME.fullmatch(address.name):
        raise BadInput(
            f"“{address.name}” cannot be a board’s name.",
            "",
            "Take letters, digits, dots, dashes and underscores, a letter or digit first.",
        )
    if address.name.lower() in TAKEN:
        raise BadInput(f"“{address.name}” is what this computer is called.", "", "Take another name.")
    for word, value in (("host", address.host), ("user", address.user), ("jump host", address.jump)):
        if value.startswith("-") or not value.isprintable() or re.search(r"[\s'\"\\]", value):
            raise BadInput(f"“{value}” cannot be a {word}.", "", "Take it as you would give it to ssh.")
    if not address.host:
        raise BadInput(f"The board “{address.name}” has no host.", "", "Give its name or address.")
    if address.port is not None and not 0 < address.port < 65536:
        raise BadInput(f"{address.port} cannot be a port.", "", "Ports are 1 to 65535; ssh’s own is 22.")
    if not address.python.strip() or not address.python.isprintable():
        raise BadInput(f"“{address.python}” cannot be a Python.", "", "Give a command or a path, such as python3.")


def _parsed(text: str, path: Path) -> list[Address]:
    try:
        return from_plain(tomllib.loads(text).get("board", []), list[Address])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise BadInput(f"The address book “{path}” is not as it should be.", str(problem), "Mend that line.") from None


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, whole or not at all. Raises Failed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise Failed(
            f"“{path}” cannot be written: {problem.strerror}.", "Make room there, or check its rights."
        ) from None
