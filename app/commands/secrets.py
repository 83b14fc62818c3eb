"""What only a person can say: a password, and whether a key is the board's. Asked on a terminal, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app import boards
from app.vault import Vault
from profiler.errors import BadInput, Failed

if TYPE_CHECKING:
    from app.commands.bench import Bench
    from devices.ssh import UnknownHost


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


def agree_to(unknown: UnknownHost, trusted: str = "") -> None:
    """Have a key agreed to that nobody has seen: it is shown in full, and wants a yes; with `trusted`, exactly that
    fingerprint. Raises BadInput where it is another, Failed where nobody can be asked or the answer is no."""
    if trusted:
        hold_to(trusted, unknown.host, unknown.fingerprint, unknown.kind)
        return
    if not on_a_terminal():
        raise Failed(unknown.what, f"{unknown.fix} Then say so: --trust {unknown.fingerprint}")
    sys.stderr.write(f"{unknown.what}\n{unknown.fix}\n")
    if not agreed("Trust this key?"):
        raise Failed(f"The key of {unknown.host} was not trusted.", "Nothing was written down.")


def hold_to(trusted: str, host: str, fingerprint: str, kind: str) -> None:
    """Raises BadInput where `host` shows another key than the one that `trusted` names, be it a known one."""
    if trusted.removeprefix("SHA256:") != fingerprint.removeprefix("SHA256:"):
        raise BadInput(
            f"{host} shows another key than --trust names.",
            f"It shows {fingerprint} ({kind}).",
            "Compare it with what the board says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        )


def run_on(work: Bench, devices: Sequence[str], start: Callable[[str], str]) -> list[BadInput | Failed | None]:
    """Start a job on each device, all at once; how each ended, None for done.

    What a board wants of a person (a yes to its key, a password, a passphrase) is asked for on a terminal, once each,
    and its job started again.
    """
    fill(work.workbench.secrets, devices)
    jobs = [start(device) for device in devices]
    return [_ended(work, device, job, start) for device, job in zip(devices, jobs, strict=True)]


def _ended(work: Bench, device: str, job: str, start: Callable[[str], str]) -> BadInput | Failed | None:
    asked: set[str] = set()
    while (failed := work.failure(job)) is not None:
        wanted = _mend(work, device, work.cause(job), asked)
        if not wanted:
            return failed
        asked.add(wanted)
        job = start(device)
    return None


def _mend(work: Bench, device: str, cause: BaseException | None, asked: set[str]) -> str:
    """Ask for what would mend a failure; what was asked for, or "" where nothing was."""
    if not on_a_terminal() or device == boards.HERE:
        return ""
    from devices import ssh

    if isinstance(cause, ssh.UnknownHost) and cause.fingerprint not in asked:
        agree_to(cause)
        boards.trust(boards.address_of(device), cause.key_line)
        return cause.fingerprint
    if isinstance(cause, ssh.LoginRefused) and cause.wanted and cause.wanted not in asked:
        work.workbench.secrets.put(device, typed(device, cause.wanted))
        return cause.wanted
    return ""
