"""A device on which the agent measures: this computer, or a board at the end of a line."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

import msgspec

from devices import answers, partial
from devices.device import check_comparison, check_file, check_settings, check_sweep
from devices.engines.asked import files_for, inputs_of
from devices.messages import Message
from devices.session import LineLost, Session, lower_first
from profiler.errors import Failed
from profiler.measurement import Comparison, DeviceFacts, Profile, ProfileSettings
from profiler.progress import Job, drain
from profiler.sweep import Sweep
from profiler.trace import Outline


class AgentDevice:
    """Measures through `session`. `extra` is added to each request to the agent: where its meter is, say."""

    def __init__(self, name: str, title: str, session: Session, extra: Mapping[str, Any] | None = None) -> None:
        self.name, self.title, self.session = name, title, session
        self.extra = dict(extra or {})

    def facts(self) -> DeviceFacts:
        """Asks a fresh process, which takes about half a second."""
        messages = drain(self.session.ask({"command": "hello"}))
        with making_sense(self.title):
            return answers.device_facts(messages, self.name)

    def profile(self, path: Path, outline: Outline, settings: ProfileSettings, *, digest: str = "") -> Job[Profile]:
        """See `Device.profile`."""
        check_settings(settings)
        check_file(path)
        at = now()
        digest = digest or digest_of(path)
        try:
            messages = yield from self._ask("profile", [path], settings)
        except LineLost as lost:
            with suppress(Failed), making_sense(self.title):
                lost.partial = partial.profile(
                    lost.heard, name=self.name, title=self.title, settings=settings, digest=digest, at=at
                )
            raise
        with making_sense(self.title):
            return answers.profile(
                messages,
                device=answers.device_facts(messages, self.name),
                title=self.title,
                outline=outline,
                settings=settings,
                digest=digest,
                at=at,
            )

    def compare(
        self, paths: Sequence[Path], labels: Sequence[str], settings: ProfileSettings, rounds: int = 20
    ) -> Job[Comparison]:
        """See `Device.compare`."""
        check_settings(settings)
        check_comparison(paths, labels, rounds)
        for path in paths:
            check_file(path)
        at = now()
        messages = yield from self._ask("compare", paths, settings, rounds=rounds)
        with making_sense(self.title):
            return answers.comparison(
                messages,
                device=answers.device_facts(messages, self.name),
                title=self.title,
                labels=labels,
                settings=settings,
                at=at,
            )

    def _ask(self, command: str, paths: Sequence[Path], settings: ProfileSettings, **more: Any) -> Job[list[Message]]:
        """Have the agent do it with these networks, given to it as files that the engine reads."""
        told = {"command": command, **asdict(settings), **inputs_of(paths, settings.engine), **more, **self.extra}
        with files_for(paths, settings.engine) as files:
            if command == "compare":
                return (yield from self.session.ask(told, networks=files))
            return (yield from self.session.ask(told, network=files[0]))

    def watch(self) -> Job[None]:
        """What the board does, as figures: see `devices.power.live.Live`. Goes on until it is closed."""
        yield from self.session.ask({"command": "watch", **self.extra})

    def sweep(
        self,
        path: Path,
        settings: ProfileSettings,
        batches: Sequence[int],
        threads: Sequence[int],
        *,
        digest: str = "",
    ) -> Job[Sweep]:
        """See `Device.sweep`."""
        check_settings(settings)
        check_sweep(batches, threads)
        check_file(path)
        at, digest = now(), digest or digest_of(path)
        points = {"batches": list(dict.fromkeys(batches)), "thread_counts": list(dict.fromkeys(threads))}
        try:
            messages = yield from self._ask("sweep", [path], settings, **points)
        except LineLost as lost:
            if any(message["type"] == "point" for message in lost.heard):
                lost.partial = self._swept(lost.heard, settings, digest, at)
            raise
        return self._swept(messages, settings, digest, at)

    def _swept(self, messages: Sequence[Message], settings: ProfileSettings, digest: str, at: str) -> Sweep:
        with making_sense(self.title):
            device = answers.device_facts(messages, self.name)
            return answers.sweep(messages, device=device, title=self.title, settings=settings, digest=digest, at=at)


@contextmanager
def making_sense(title: str) -> Generator[None]:
    """What goes wrong while an answer is read is the answer's fault: each message was one, together they are none."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, msgspec.MsgspecError) as problem:
        raise Failed(
            f"What the agent on {lower_first(title)} answered makes no sense.",
            "Start it again; if it happens again, something there changes what the agent says.",
            f"{type(problem).__name__}: {problem}",
        ) from problem


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
