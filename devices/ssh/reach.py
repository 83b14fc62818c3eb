"""Reaching for a board step by step, so that whoever waits sees how far it got and what was found."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from devices import answers
from devices.address_book import Address
from devices.session import Session
from devices.ssh.shell import SshShell
from profiler.errors import BadInput, Failed
from profiler.measurement import DeviceFacts
from profiler.progress import Job, Progress

T = TypeVar("T")
STEPS = ("address", "key", "login", "python", "engines", "power")


@dataclass(frozen=True)
class Found:
    """A board that was reached: what it said of itself, and what was found on the way, in words."""

    facts: DeviceFacts
    where: str  # where it answered
    kind: str  # of its key
    fingerprint: str
    login: str  # who is let in, and with what
    python: str


def probe(address: Address, secret: str | None = None) -> Job[Found]:
    """Reach for a board by a line of its own, and leave nothing there.

    Each progress's text is "STEP: what was found", in the order of `STEPS`. Raises UnknownHost, ChangedHost,
    LoginRefused, BadInput or another Failed: at the step after the last one that was told.
    """
    steps = _Steps(address)
    shell = SshShell(address, secret, tell=steps.tell, alone=True)
    session = Session(shell, address.title or address.name, python=(address.python,))
    try:
        yield from steps.along(shell.open())
        steps.tell("python", shell.python)
        messages = yield from steps.along(session.ask({"command": "hello"}))
        facts = answers.device_facts(messages, address.name)
        steps.tell("engines", engines_in_words(facts))
        steps.tell("power", ", ".join(facts.meters) or "nothing that tells it")
        yield from steps.news()
        found = steps.found
        kind, _, fingerprint = found["key"].rpartition(" ")
        return Found(facts, found["address"], kind, fingerprint, found["login"], found["python"])
    finally:
        shell.close()


class _Steps:
    """The steps that succeeded; they are told from the connection's own thread."""

    def __init__(self, address: Address) -> None:
        self.found: dict[str, str] = {}
        self._latest = Progress(0.0, f"Reaching for {address.place}")
        self._heard: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def tell(self, step: str, found: str) -> None:
        self._heard.put((step, found))

    def along(self, job: Job[T]) -> Job[T]:
        """Do `job` and say the steps instead of what it says, also those before it failed."""
        with closing(job):
            try:
                while True:
                    next(job)
                    yield from self.news()
                    yield self._latest
            except StopIteration as end:
                yield from self.news()
                return end.value
            except (Failed, BadInput):
                yield from self.news()
                raise

    def news(self) -> Job[None]:
        while True:
            try:
                step, found = self._heard.get_nowait()
            except Empty:
                return
            self.found[step] = found
            self._latest = Progress((STEPS.index(step) + 1) / len(STEPS), f"{step}: {found}")
            yield self._latest


def engines_in_words(facts: DeviceFacts) -> str:
    """`onnxruntime 1.10.0, trtexec 8.2`."""
    named = ", ".join(f"{name} {version}".strip() for name, version in facts.engines.items())
    return named or "none that is known"
