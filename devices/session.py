"""A conversation with the agent: start it in a fresh process, say what is wanted, follow its lines to the result."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devices.shell import PYTHON_HERE, Running, Shell
from profiler.errors import BadInput, Failed
from profiler.progress import Job, Progress

Message = dict[str, Any]
AGENT = Path(__file__).with_name("agent.py")
PATIENCE = 0.25  # seconds of silence after which progress is repeated
SHOWN_OF_A_LINE = 200


class Session:
    """How to reach the agent on one device."""

    def __init__(self, shell: Shell, title: str, python: Sequence[str] = PYTHON_HERE, agent: Path = AGENT) -> None:
        self.shell, self.title, self.python, self.agent = shell, title, tuple(python), agent

    def ask(
        self, request: Mapping[str, Any], *, network: Path | None = None, networks: Sequence[Path] = ()
    ) -> Job[list[Message]]:
        """Send a request and return every message but progress; the last is the result (for "hello": the hello).

        `network` and `networks` are local files that the request is about; it names them as the device sees them.
        Closing the job ends the agent at once and leaves nothing behind. Raises BadInput or Failed as the agent
        says, and Failed when the agent dies or talks nonsense.
        """
        folder = self.shell.make_folder()
        running: Running | None = None
        try:
            told: dict[str, Any] = {**request, "folder": folder}
            if network is not None:
                told["network"] = self.shell.put(network, folder)
            told["networks"] = [self.shell.put(path, folder) for path in networks]
            command = [*self.python, self.shell.put(self.agent, folder)]
            running = self.shell.start(command, json.dumps(told) + "\n", environment(request.get("threads", 1)))
            return (yield from self._follow(running))
        finally:
            if running is not None:
                running.stop()
            self.shell.remove_folder(folder)

    def _follow(self, running: Running) -> Job[list[Message]]:
        heard: list[Message] = []
        latest = Progress(0.0, f"Starting on {lower_first(self.title)}")
        yield latest
        while (status := running.ended()) is None:
            for line in running.lines(PATIENCE):
                said = self._understood(line)
                if isinstance(said, Progress):
                    latest = said
                else:
                    heard.append(said)
            yield latest
        if status != 0 or not heard:
            raise self._died(status, running.errors())
        return heard

    def _understood(self, line: str) -> Message | Progress:
        """One line's message, or the progress it tells; an error message is raised."""
        try:
            message = json.loads(line)
            kind = message["type"]
            if kind == "progress":
                return Progress(message["fraction"], message["text"], message["figures"])
            error = error_of(message) if kind == "error" else None
        except (ValueError, TypeError, KeyError):
            shown = line if len(line) <= SHOWN_OF_A_LINE else line[:SHOWN_OF_A_LINE] + "…"
            raise Failed(
                f"The agent on {lower_first(self.title)} said something that is not a message: “{shown}”.",
                "Start it again; if it happens again, another program writes into the agent’s output.",
                line,
            ) from None
        if error is not None:
            raise error
        return message

    def _died(self, status: int, errors: str) -> Failed:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        return Failed(
            f"The agent on {lower_first(self.title)} {how} before it had a result.",
            "It may have run out of memory. Start it again, or measure a smaller batch." if status == -9 else "",
            errors,
        )


def error_of(message: Message) -> BadInput | Failed:
    """The exception that an error message stands for."""
    if message["kind"] == "bad_input":
        return BadInput(message["what"], message["where"], message["fix"])
    what = " ".join(part for part in (message["what"], message["where"]) if part)
    return Failed(what, message["fix"], message["evidence"])


def environment(threads: int) -> dict[str, str]:
    """All that the agent sees of this process's environment: this program's own settings must not disturb it."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": str(threads)}


def lower_first(title: str) -> str:
    """A title inside a sentence: "This computer" is "this computer", "TX2 in the lab" stays."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def one(messages: Sequence[Message], kind: str) -> Message:
    """The message of that kind. Raises Failed when the agent did not say it."""
    for message in messages:
        if message["type"] == kind:
            return message
    raise Failed(f"The agent ended without saying its {kind}.", evidence=json.dumps(list(messages))[:4000])
