"""A conversation with the agent: start it in a fresh process, say what is wanted, follow its lines to the result."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from devices.messages import Message, understood
from devices.power.live import Live
from devices.shell import PYTHON_HERE, LineBroke, Running, Shell
from profiler.errors import BadInput, Failed
from profiler.progress import Job, Progress

AGENT = Path(__file__).with_name("agent.py")
PATIENCE = 0.25  # seconds of silence after which progress is repeated
SHOWN_OF_A_LINE = 200
MOST_HEARD = 512 << 20  # characters in one conversation


class LineLost(Failed):
    """The agent was lost before it had a result: the line to it broke, or it was killed. What it had said is kept.

    `heard` has its messages until then; `partial` what a device made of them (a Profile or Sweep that is not complete),
    or None where too little was measured.
    """

    def __init__(
        self, what: str, fix: str = "", evidence: str = "", heard: Sequence[Message] = (), partial: Any = None
    ) -> None:
        super().__init__(what, fix, evidence)
        self.heard, self.partial = tuple(heard), partial

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.fix, self.evidence, self.heard, self.partial)


class Session:
    """How to reach the agent on one device."""

    def __init__(self, shell: Shell, title: str, python: Sequence[str] = PYTHON_HERE, agent: Path = AGENT) -> None:
        self.shell, self.title, self.python, self.agent = shell, title, tuple(python), agent

    def ask(
        self, request: Mapping[str, Any], *, network: Path | None = None, networks: Sequence[Path] = ()
    ) -> Job[list[Message]]:
        """Send a request and return every message but progress; the last is the result (for "hello": the hello).

        `network` and `networks` are local files that the request is about; it names them as the device sees them.
        Samples become figures of the progress too; where one only watches, which has no end, none is kept. Closing the
        job ends the agent at once and leaves nothing behind. Raises BadInput or Failed as the agent says, LineLost when
        the agent dies or the line to it breaks, and Failed when it talks nonsense.
        """
        folder: str | None = None
        running: Running | None = None
        heard = Heard(self.title, keep_samples=request.get("command") != "watch")
        try:
            yield from self.shell.open()
            folder = self.shell.make_folder()
            told: dict[str, Any] = {**request, "folder": folder}
            if network is not None:
                told["network"] = yield from self.shell.put(network, folder)
            there: list[str] = []
            for path in networks:
                there.append((yield from self.shell.put(path, folder)))  # noqa: PERF401 - a list of jobs runs none
            told["networks"] = there
            command = [*self.python, (yield from self.shell.put(self.agent, folder))]
            said = json.dumps(told) + "\n"
            running = self.shell.start(command, said, environment(request.get("threads", 1), folder), folder)
            return (yield from self._follow(running, heard))
        except LineBroke as broke:
            raise LineLost(broke.what, broke.fix, broke.evidence, heard.messages) from None
        finally:
            if running is not None:
                running.stop()
            if folder is not None:
                self.shell.remove_folder(folder)

    def _follow(self, running: Running, heard: "Heard") -> Job[list[Message]]:
        yield heard.latest
        while (status := running.ended()) is None:
            for line in running.lines(PATIENCE):
                heard.line(line)
            yield heard.latest
        if status != 0 or not heard.messages:
            raise self._died(status, running.errors(), heard)
        return heard.messages

    def _died(self, status: int, errors: str, heard: "Heard") -> LineLost:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        return LineLost(
            f"The agent on {lower_first(self.title)} {how} before it had a result.",
            "It may have run out of memory. Start it again, or measure a smaller batch." if status == -9 else "",
            errors,
            heard.messages,
        )


class Heard:
    """What one agent has said so far."""

    def __init__(self, title: str, keep_samples: bool = True) -> None:
        self.title = lower_first(title)
        self.messages: list[Message] = []
        self.latest = Progress(0.0, f"Starting on {self.title}")
        self._live = Live()
        self._keep_samples = keep_samples
        self._characters = 0

    def line(self, line: str) -> None:
        """Take one line in. Raises the error that it tells, and Failed where it is no message."""
        try:
            if self._characters > MOST_HEARD:
                raise ValueError(f"More than {MOST_HEARD >> 20} MB were said.")
            message = understood(line)
            self._take(message, line)
        except (ValueError, TypeError, AttributeError, IndexError) as problem:
            raise Failed(
                f"The agent on {self.title} said something that is not a message: “{shown(line)}”.",
                "Start it again; if it happens again, another program writes into the agent’s output.",
                f"{problem}\n{line[:4000]}",
            ) from None
        if message["type"] == "error":
            raise error_of(message)

    def _take(self, message: Message, line: str) -> None:
        kind = message["type"]
        if kind == "progress":
            figures = {**self.latest.figures, **message["figures"]}
            self.latest = Progress(message["fraction"], message["text"], figures)
        elif kind == "sample":
            self.latest = replace(self.latest, figures={**self.latest.figures, **self._live.figures(message)})
        if kind not in ("progress", "error") and (kind != "sample" or self._keep_samples):
            self.messages.append(message)
            self._characters += len(line)


def shown(line: str) -> str:
    """A line, or its beginning, that may be printed."""
    whole = "".join(letter if letter.isprintable() else "·" for letter in line[: SHOWN_OF_A_LINE + 1])
    return whole if len(whole) <= SHOWN_OF_A_LINE else whole[:SHOWN_OF_A_LINE] + "…"


def error_of(message: Message) -> BadInput | Failed:
    """The exception that an error message stands for."""
    if message["kind"] == "bad_input":
        return BadInput(message["what"], message["where"], message["fix"])
    what = " ".join(part for part in (message["what"], message["where"]) if part)
    return Failed(what, message["fix"], message["evidence"])


def environment(threads: int, folder: str) -> dict[str, str]:
    """What the agent's environment must say, wherever it runs: what engines leave lying about goes with its folder."""
    return {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": str(threads), "TMPDIR": folder}


def lower_first(title: str) -> str:
    """A title inside a sentence: "This computer" is "this computer", "TX2 in the lab" stays."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def one(messages: Sequence[Message], kind: str) -> Message:
    """The message of that kind. Raises Failed when the agent did not say it."""
    for message in messages:
        if message["type"] == kind:
            return message
    raise Failed(f"The agent ended without saying its {kind}.", evidence=json.dumps(list(messages))[:4000])
