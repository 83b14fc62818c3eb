"""Whose keys are trusted: our own list of hosts, beside the address book, and the user's in ~/.ssh and /etc/ssh.

Only our own is ever written. A key in either is trusted for the host and port that it is written for; where a host has
keys and shows another one, it is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devices.address_book import config_folder, write_private
from profiler.errors import BadInput

if TYPE_CHECKING:
    from asyncssh import SSHKey

PORT = 22


@dataclass(frozen=True)
class Known:
    """What the lists say of one host: its keys, those of authorities that may sign its key, and revoked ones."""

    keys: tuple[SSHKey, ...]
    authorities: tuple[SSHKey, ...]
    revoked: tuple[SSHKey, ...]
    where: str  # the file and line of its first key


def own_file() -> Path:
    return config_folder() / "known_hosts"


def files() -> tuple[Path, ...]:
    """The lists, our own first."""
    return own_file(), *(Path("~/.ssh", name).expanduser() for name in ("known_hosts", "known_hosts2")), SYSTEM


SYSTEM = Path("/etc/ssh/ssh_known_hosts")


def pattern(host: str, port: int) -> str:
    """How a list names a host at a port: as OpenSSH does."""
    return host if port == PORT else f"[{host}]:{port}"


def known(host: str, port: int) -> Known:
    """What the lists say of a host at a port. Lines that cannot be understood are passed over, as ssh does."""
    keys: list[SSHKey] = []
    authorities: list[SSHKey] = []
    revoked: list[SSHKey] = []
    where = ""
    for path, number, line in _lines():
        found = _matches(line, pattern(host, port))
        keys += found[0]
        authorities += found[1]
        revoked += found[2]
        if found[0] and not where:
            where = f"{path}, line {number}"
    return Known(tuple(keys), tuple(authorities), tuple(revoked), where)


def _lines() -> Iterator[tuple[Path, int, str]]:
    for path in files():
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:  # not there, or not ours to read: nobody is known by it
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield path, number, line


def _matches(line: str, name: str) -> tuple[list[SSHKey], list[SSHKey], list[SSHKey]]:
    """Keys, authorities and revoked keys that one line holds for `name`."""
    import asyncssh

    try:
        found = asyncssh.import_known_hosts(line).match(name, "", None)
    except ValueError:
        return [], [], []
    return list(found[0]), list(found[1]), list(found[2])


def kind(key: SSHKey) -> str:
    """ED25519, RSA, ECDSA …, as ssh-keygen says it."""
    name = key.get_algorithm()
    return "ECDSA" if name.startswith("ecdsa") else name.removeprefix("ssh-").removeprefix("sk-ssh-").upper()


def key_line(host: str, port: int, key: SSHKey) -> str:
    """The line that makes a key known."""
    return f"{pattern(host, port)} {key.export_public_key().decode().split(' ')[0]} {_encoded(key)}"


def _encoded(key: SSHKey) -> str:
    return key.export_public_key().decode().split()[1]


def trust(line: str) -> None:
    """Write a host's key into our own list. Raises BadInput where `line` is no such line."""
    words = line.split()
    if len(words) != 3 or len(line.splitlines()) != 1 or words[0][0] in "@#" or not _is_key(*words[1:]):
        raise BadInput(f"“{line[:80]}” is no host’s key.", "", "Connect again to be shown the key.")
    path = own_file()
    before = path.read_text("utf-8") if path.exists() else ""
    if line.strip() not in before.splitlines():
        write_private(path, (before + line.strip() + "\n").encode())


def _is_key(kind: str, encoded: str) -> bool:
    """Whether a key is of the kind that it says: its first part is a length and that name (RFC 4253, 6.6)."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    return key.startswith(len(kind).to_bytes(4, "big") + kind.encode())


def forget(host: str, port: int) -> int:
    """Take a host's keys out of our own list, and say how many they were. The user's own lists stay as they are."""
    path = own_file()
    if not path.exists():
        return 0
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if not any(_matches(line, pattern(host, port)))]
    if len(kept) < len(lines):
        write_private(path, "".join(f"{line}\n" for line in kept).encode())
    return len(lines) - len(kept)
