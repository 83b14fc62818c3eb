"""Boards at the end of an SSH line.

What a window asks for while it is being drawn costs milliseconds: `probe` and `Found`, which need much more, are
imported when they are first named, and the library that speaks SSH when a line is opened.
"""

from typing import TYPE_CHECKING, Any

from devices.address_book import Address
from devices.ssh import known_hosts, passwords
from devices.ssh.aliases import aliases
from devices.ssh.errors import ChangedHost, LoginRefused, UnknownHost

if TYPE_CHECKING:
    from devices.ssh.reach import Found, probe

__all__ = [
    "ChangedHost",
    "Found",
    "LoginRefused",
    "UnknownHost",
    "aliases",
    "forget_key",
    "forget_secret",
    "keep",
    "keyring_trouble",
    "probe",
    "secret_wanted",
    "trust",
]


def __getattr__(name: str) -> Any:
    if name in ("Found", "probe"):
        from importlib import import_module

        return getattr(import_module("devices.ssh.reach"), name)
    raise AttributeError(name)


def trust(address: Address, key_line: str) -> None:  # noqa: ARG001 - the line itself names the host, a jump host perhaps
    """Trust the key of `UnknownHost.key_line` from now on. Raises BadInput where that is no such line."""
    known_hosts.trust(key_line)


def forget_key(address: Address) -> int:
    """Take a board's keys out of our own list and say how many they were; those in ~/.ssh are the user's own."""
    from devices.ssh.options import options

    found = options(address, None)
    return known_hosts.forget(found.host_key_alias or found.host, found.port)


def keep(address: Address, secret: str) -> None:
    """Put a board's password into the system's keyring. Raises Failed where there is none that can be used."""
    passwords.keep(address, secret)


def forget_secret(address: Address) -> None:
    """Take a board's password out of the system's keyring, if it is there."""
    passwords.forget(address)


def keyring_trouble() -> str:
    """Why no password can be kept on this computer, in words; "" where one can."""
    return passwords.trouble()


def secret_wanted(address: Address) -> str:
    """What a person has to type before a line can be opened, as far as that is known: "password", or ""."""
    return "password" if address.login == "password" else ""
