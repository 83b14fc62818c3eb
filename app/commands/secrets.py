"""What only a person can say: a password, and whether a key is the board's. Asked on a terminal, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from app import boards
from app.vault import Vault
from profiler.errors import BadInput


def on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def typed(name: str, wanted: str) -> str:
    """The password or passphrase (`wanted`) of a board, typed unseen. Raises BadInput where nobody can type."""
    from getpass import getpass

    if not on_a_terminal():
        raise BadInput(
            f"{name} wants a {wanted}, and there is no terminal to type it on.",
            fix="Log in with a key that needs none (ssh-copy-id), or keep it in the keyring: "
            "netbonsai devices add … --keyring.",
        )
    return getpass(f"{wanted.capitalize()} of {name}: ", sys.stderr)


def fill(vault: Vault, devices: Sequence[str]) -> None:
    """Ask for what must be typed before anything is measured."""
    for name in devices:
        wanted = boards.secret_wanted(name)
        if wanted and not vault.has(name):
            vault.put(name, typed(name, wanted))


def agreed(question: str) -> bool:
    """y or yes; anything else is a no."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
