"""Passwords in the system's keyring (Secret Service, Keychain, Credential Manager): never in a file of ours."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from devices.address_book import Address
from profiler.errors import Failed

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "NetBonsai"


def trouble() -> str:
    """Why no password can be kept here, in words; "" where one can."""
    try:
        _keyring()
    except Failed as failed:
        return str(failed)
    return ""


def kept(address: Address) -> str | None:
    """The password that the keyring has for a board, or None. Raises Failed where there is no keyring."""
    import keyring.errors

    try:
        return _keyring().get_password(SERVICE, address.place)
    except keyring.errors.KeyringError as problem:
        raise _locked(problem) from None


def keep(address: Address, secret: str) -> None:
    """Put a board's password into the keyring. Raises Failed where there is none, or it is locked."""
    import keyring.errors

    try:
        _keyring().set_password(SERVICE, address.place, secret)  # pyright: ignore[reportUnknownMemberType]
    except keyring.errors.KeyringError as problem:
        raise _locked(problem) from None


def forget(address: Address) -> None:
    """Take a board's password out of the keyring, if it is there."""
    import keyring.errors

    with suppress(keyring.errors.KeyringError, Failed):
        _keyring().delete_password(SERVICE, address.place)


def _keyring() -> KeyringBackend:
    """The system's own. One that keeps passwords in a file that anybody can read is refused."""
    import keyring

    found = keyring.get_keyring()
    kind = type(found)
    if kind.__module__.startswith(("keyring.backends.fail", "keyring.backends.null")):
        raise Failed(
            "This system has no keyring to keep a password in.",
            "Type it each time, or use a key. On Linux, GNOME Keyring, KWallet or KeePassXC provide one.",
        )
    if "plaintext" in kind.__name__.lower():
        raise Failed(
            "This system’s keyring keeps passwords unencrypted in a file.", "Type the password each time, or use a key."
        )
    return found


def _locked(problem: Exception) -> Failed:
    return Failed("The system’s keyring does not open.", "Unlock it and try again.", str(problem))
