"""`devices`: the boards that are known, reached for, added, removed and watched."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from app import boards, words
from app.board_facts import boards as printed
from app.commands.say import Say
from app.commands.secrets import agree_to, fill, hold_to, on_a_terminal, typed
from app.vault import Vault
from profiler.errors import BadInput, Failed
from profiler.measurement import DeviceFacts
from profiler.plain import to_plain
from profiler.progress import Job, Progress, drain

if TYPE_CHECKING:
    from devices.address_book import Address
    from devices.ssh import Found

WATCH_S = 5.0  # with --json, where there is no Ctrl+C to wait for


def devices_list(args: Namespace, say: Say) -> None:
    """All devices, boards as they were last seen."""
    from app.questions import devices

    del args
    told = devices({})["devices"]
    say.answer({"devices": told})
    rows = [
        (
            each["name"],
            each["title"],
            each["model"] or each["cpu"],
            ", ".join(f"{engine} {version}" for engine, version in each["engines"].items()),
            words.moment(each["seen"]) if each["seen"] else "now" if each["name"] == "cpu" else "never",
        )
        for each in told
    ]
    say.table(("Name", "Device", "Model", "Engines", "Seen"), rows, left=5)


def devices_add(args: Namespace, say: Say) -> None:
    """Reach for the board first: what cannot be reached is not written down, unless --no-contact says so."""
    address = _address(args)
    if any(each.name.lower() == address.name.lower() for each in boards.addresses()):
        raise BadInput(
            f"There is a board named “{address.name}” already.", fix="Take another name, or remove it first."
        )
    if args.no_contact:
        boards.add_board(address)
        say.answer({"device": to_plain(address), "found": None})
        say.line(f"{address.name} is in the address book. Nobody has reached for it yet.")
        return
    secret = typed(address.name, "password") if address.login != "key" else None
    found = _reach(address, secret, args.trust, _steps(say))
    boards.add_board(address)
    if address.login == "keyring" and secret:
        boards.keep_in_keyring(address.name, secret)
    boards.see(found.facts)
    say.answer({"device": to_plain(address), "found": to_plain(found)})
    say.line(f"{address.name} is in the address book. Measure on it: netbonsai profile NETWORK --device {address.name}")


def _address(args: Namespace) -> Address:
    from devices.address_book import Address

    user, _, host = args.host.rpartition("@")
    return Address(
        name=args.name,
        host=host,
        user=user,
        port=args.port,
        key=args.key,
        jump=args.jump,
        python=args.python,
        legacy=args.legacy,
        login="keyring" if args.keyring else "password" if args.password else "key",
        title=args.title,
        kind=_kind(args.kind),
    )


def _kind(given: str) -> str:
    known = printed()
    if given and given not in known:
        raise BadInput(
            f"There is no board “{given}” among those whose price is known.", fix=f"Known: {', '.join(known)}."
        )
    return given


def devices_test(args: Namespace, say: Say) -> None:
    """Each step that succeeds is a line; the first that fails ends it."""
    address = boards.address_of(args.name)
    wanted = boards.secret_wanted(address.name)
    found = _reach(address, typed(address.name, wanted) if wanted else None, args.trust, _steps(say))
    boards.see(found.facts)
    say.answer({"device": to_plain(address), "found": to_plain(found)})
    for label, text in _facts(found.facts):
        say.line(f"{label:<12} {text}")


def _reach(address: Address, secret: str | None, trusted: str, tell: Callable[[Progress], None]) -> Found:
    """Reach for a board; ask about a key that nobody has seen, and for a password that is wanted."""
    from devices import ssh

    try:
        found = drain(ssh.probe(address, secret), tell)
        if trusted:  # a key that was met before, perhaps by another name
            hold_to(trusted, address.name, found.fingerprint, found.kind)
        return found
    except ssh.UnknownHost as unknown:
        agree_to(unknown, trusted)
        boards.trust(address, unknown.key_line)
    except ssh.LoginRefused as refused:
        if secret is not None or not refused.wanted or not on_a_terminal():
            raise
        secret = typed(address.name, refused.wanted)
    return _reach(address, secret, trusted, tell)


def _steps(say: Say) -> Callable[[Progress], None]:
    """A line for each step that has succeeded, once, also where it is taken again."""
    told: set[str] = set()

    def tell(progress: Progress) -> None:
        if progress.text and progress.text not in told:
            told.add(progress.text)
            say.line(progress.text)

    return tell


def _facts(facts: DeviceFacts) -> list[tuple[str, str]]:
    locked = {True: "locked", False: "not locked", None: ""}[facts.clocks_locked]
    said = [
        ("Model", facts.model),
        ("Processor", f"{facts.cpu}, {words.plural(facts.cores, 'core')}" if facts.cores else facts.cpu),
        ("GPU", facts.gpu),
        ("System", facts.system),
        ("L4T", facts.l4t),
        ("JetPack", facts.jetpack),
        ("CUDA", facts.cuda),
        ("Python", facts.python),
        ("Engines", ", ".join(f"{engine} {version}" for engine, version in facts.engines.items()) or "none found"),
        ("Power mode", facts.power_mode),
        ("Clocks", ", ".join(part for part in (facts.clocks, locked) if part)),
        ("Throttling", facts.throttling),
        ("Power", ", ".join(facts.meters) or "no meter that can be read"),
    ]
    return [(label, text) for label, text in said if text]


def devices_remove(args: Namespace, say: Say) -> None:
    """Out of the address book, and out of the keyring. Its profiles stay in the studies."""
    address = boards.address_of(args.name)
    if address.login == "keyring":
        with suppress(Failed):  # a keyring that is not there holds nothing either
            boards.forget_secret(address.name)
    boards.remove_board(address.name)
    say.answer({"removed": address.name})
    say.line(f"{address.name} is out of the address book. What was measured on it stays in the studies.")


def devices_watch(args: Namespace, say: Say) -> None:
    """A line of figures several times a second, until --seconds are over or Ctrl+C."""
    vault = Vault()
    fill(vault, [args.name])
    secret = vault.get(args.name)
    chosen = boards.reached({"device": args.name} | ({} if secret is None else {"secret": secret}))
    seconds = args.seconds or (WATCH_S if say.as_json else None)
    samples: list[dict[str, float]] = []
    with closing(chosen.watch()) as stream, suppress(KeyboardInterrupt):  # that is how one stops watching
        for sample in _samples(stream, seconds):
            samples.append(sample)
            say.line(_figure_words(sample))
    say.answer({"device": chosen.name, "samples": samples})


def _samples(stream: Job[None], seconds: float | None) -> Iterator[dict[str, float]]:
    """What is told anew, each with its second since the first, for so long (None: without end)."""
    began, last = None, {}
    for progress in stream:
        now = time.monotonic()
        if progress.figures and progress.figures != last:
            began, last = began or now, progress.figures
            yield {"seconds": now - began, **progress.figures}
        if seconds is not None and began is not None and now - began >= seconds:
            return


_WORDS = {
    "power_w": ("power", "W", 1.0),
    "cpu_load": ("CPU", "%", 100.0),
    "gpu_load": ("GPU", "%", 100.0),
    "memory_mb": ("memory", "MB", 1.0),
    "gpu_memory_mb": ("GPU memory", "MB", 1.0),
    "temperature_c": ("temperature", "°C", 1.0),
    "cpu_mhz": ("CPU", "MHz", 1.0),
    "gpu_mhz": ("GPU", "MHz", 1.0),
}


def _figure_words(sample: Mapping[str, float]) -> str:
    """power 8.41 W · VDD_SYS_GPU 3.20 W · GPU 61.0 % · temperature 48.0 °C"""
    parts: list[str] = []
    for name, value in sorted(sample.items(), key=lambda item: (item[0].startswith("rail:"), item[0] != "power_w")):
        if name == "seconds":
            continue
        label, unit, factor = _WORDS.get(
            name, (name.removeprefix("rail:"), "W" if name.startswith("rail:") else "", 1.0)
        )
        parts.append(f"{label} {words.significant(factor * value)} {unit}".rstrip())
    return " · ".join(parts)
