"""The boards a person knows: looked at, added, changed and removed without contact; reached for on a worker.

An address never holds a password. What was removed can be put back: each change says how to take it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from app.jobs import HERE
from profiler.errors import BadInput
from profiler.measurement import DeviceFacts
from profiler.plain import from_plain, to_plain
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    from devices import Device
    from devices.address_book import Address, AddressBook, Seen
    from devices.ssh import Found


@dataclass(frozen=True)
class BoardChange:
    """A change of the address book that was made: what it was called, and how to take it back."""

    words: str
    undo: Callable[[], None]


@dataclass(frozen=True)
class Known:
    """A device as it is known without contact: what it said when it was last seen, and when that was ("" never)."""

    facts: DeviceFacts
    title: str
    seen: str = ""


def addresses() -> list[Address]:
    """The boards in the address book, in their order."""
    from devices.address_book import AddressBook

    return list(AddressBook.load().addresses)


def known() -> list[Known]:
    """All boards with their last seen facts. Contacts nobody; this computer is not among them."""
    from devices.address_book import AddressBook

    book = AddressBook.load()
    return [_known(address, book.seen.get(address.name)) for address in book.addresses]


def _known(address: Address, seen: Seen | None) -> Known:
    title = address.title or address.name
    if seen is None:
        return Known(DeviceFacts(address.name), title)
    return Known(replace(seen.facts, name=address.name), title, seen.at)


def kinds() -> dict[str, str]:
    """Board → which of the printed boards its address says it is, where it says so."""
    return {address.name: address.kind for address in addresses() if address.kind}


def address_of(name: str) -> Address:
    """The address of a board, whatever the case of its name. Raises BadInput when there is none."""
    from devices.address_book import AddressBook

    book = AddressBook.load()
    found = book.find(name)
    if found is not None:
        return found
    named = ", ".join(each.name for each in book.addresses)
    raise BadInput(
        f"There is no board named “{name}”.",
        "",
        f"There are: {named}." if named else "Add one: netbonsai devices add NAME USER@HOST.",
    )


def add_board(address: Address) -> BoardChange:
    """Write a new board into the address book. Raises BadInput when the name is taken or cannot be one."""
    _change(lambda book: book.add(address))
    return BoardChange(f"Add {address.name}", lambda: _change(lambda book: book.remove(address.name)))


def replace_board(old_name: str, address: Address) -> BoardChange:
    """Change a board's address, its name too. Raises BadInput when the new name is taken or cannot be one."""
    before = address_of(old_name)
    _change(lambda book: book.replace(before.name, address))
    return BoardChange(f"Change {address.name}", lambda: _change(lambda book: book.replace(address.name, before)))


def remove_board(name: str) -> BoardChange:
    """Take a board out of the address book. What was measured on it stays in the studies."""
    from devices.address_book import AddressBook

    gone = address_of(name)
    seen = AddressBook.load().seen.get(gone.name)

    def undo() -> None:
        _change(lambda book: book.add(gone))
        if seen is not None:
            see(seen.facts, seen.at)

    _change(lambda book: book.remove(gone.name))
    return BoardChange(f"Remove {gone.name}", undo)


def _change(how: Callable[[AddressBook], None]) -> None:
    from devices.address_book import AddressBook

    book = AddressBook.load()
    how(book)
    book.save()


def see(facts: DeviceFacts, at: str = "") -> None:
    """Remember what a board said of itself, for when it is not connected. `at`: ISO 8601; now, unless said."""
    from devices.address_book import AddressBook

    book = AddressBook.load()
    if book.find(facts.name) is not None:
        book.see(facts.name, facts, at or datetime.now(UTC).isoformat(timespec="seconds"))


# --------------------------------------------------------------------- keys and secrets


def trust(address: Address, key_line: str) -> None:
    """Take a host key for the board's own, as shown to a person and approved."""
    from devices import ssh

    ssh.trust(address, key_line)


def forget_key(address: Address) -> None:
    """Drop the host key that we kept for this board: it is shown and asked about again at the next contact."""
    from devices import ssh

    ssh.forget_key(address)


def ssh_aliases() -> list[str]:
    """The hosts named in ~/.ssh/config."""
    from devices import ssh

    return list(ssh.aliases())


def secret_wanted(name: str) -> str:
    """What a person must type to reach a device: `password`, `passphrase`, or "" nothing."""
    from devices import ssh

    return "" if name.lower() == HERE else ssh.secret_wanted(address_of(name))


def keep_in_keyring(name: str, secret: str) -> None:
    """Put a board's secret into the system's keyring. Raises Failed where there is none that can be used."""
    from devices import ssh

    ssh.keep(address_of(name), secret)


def forget_secret(name: str) -> None:
    """Take a board's secret out of the system's keyring."""
    from devices import ssh

    ssh.forget_secret(address_of(name))


# --------------------------------------------------------------------- on a worker


def warm(_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Load what a measurement needs, before there is one: readers of networks, and what speaks SSH."""
    for name in ("app.measuring", "devices", "devices.ssh", "profiler.trace", "onnx_ir", "asyncssh"):
        import_module(name)
    return {}


def watch(settings: Mapping[str, Any]) -> Job[None]:
    """A device's live figures until closed. Needs `device`; `secret` where one must be typed."""
    yield from reached(settings).watch()


def probe(settings: Mapping[str, Any]) -> Job[dict[str, Any]]:
    """Reach for a board step by step. Needs `address` as plain values; `secret` where one must be typed.

    Each progress has every step so far, a line each: steps come faster than progress is told.
    """
    from devices import ssh
    from devices.address_book import Address

    job = ssh.probe(from_plain(settings["address"], Address), settings.get("secret"))
    steps: list[str] = []
    with closing(job):
        while True:
            try:
                step = next(job)
            except StopIteration as end:
                return to_plain(end.value)
            if step.text and step.text not in steps:
                steps.append(step.text)
            yield Progress(step.fraction, "\n".join(steps))


def found_from(plain: Mapping[str, Any]) -> Found:
    """What `probe` returned, as the value it was."""
    from devices.ssh import Found

    return from_plain(plain, Found)


def reached(settings: Mapping[str, Any]) -> Device:
    """The device that `settings` names: `device`, and `secret` where one must be typed. Contacts nobody yet."""
    from devices import device

    return device(str(settings.get("device", HERE)), settings.get("secret"))
