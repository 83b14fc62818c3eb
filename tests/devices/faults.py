"""Faults at random, on a board behind a jump host and a link: what is killed or cut, and what must hold after each."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from devices.boards.board import Board
from devices.session import LineLost
from profiler.errors import Failed
from profiler.measurement import Profile, ProfileSettings
from profiler.trace import Outline
from tests.devices.far_side import Link
from tests.devices.sshd import Sshd

ENDLESS = ProfileSettings(runs=10**9, warmup=0)
RUN = re.compile(r"Run (\d+) of")


def processes(server: Sshd, word: str) -> list[psutil.Process]:
    """Processes of logins to the server in whose command line `word` occurs."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            mine = each.environ().get("TMPDIR", "").startswith(str(server.temporary))
            if mine and any(word in part for part in each.cmdline()):
                found.append(each)
    return found


def kill(found: list[psutil.Process]) -> None:
    for each in found:
        with suppress(psutil.NoSuchProcess):
            each.kill()


@dataclass
class Stage:
    """A board's server, the jump host's before it, and the link between this computer and that."""

    board: Sshd
    gate: Sshd
    link: Link

    def kill_server(self) -> None:
        self.board.stop()
        self.board.start()

    def kill_session(self) -> None:
        self.board.kill_sessions()

    def kill_agent(self) -> None:
        kill(processes(self.board, "agent-"))

    def kill_keeper(self) -> None:
        kill(processes(self.board, "b64decode"))

    def kill_tunnel(self) -> None:
        self.gate.kill_sessions()

    def reset_link(self) -> None:
        self.link.reset()

    def silence_link(self) -> None:
        self.link.silence()

    @property
    def faults(self) -> dict[str, Callable[[], None]]:
        names = ("server", "session", "agent", "keeper", "tunnel")
        return {f"kill the {name}": getattr(self, f"kill_{name}") for name in names} | {
            "reset the link": self.reset_link,
            "silence the link": self.silence_link,
        }


@dataclass(frozen=True)
class Struck:
    """One run that a fault ended: `told` is the number of the last run that was shown, `kept` what is left of it."""

    fault: str
    after: float  # seconds from the start, or from the first run that was told, to the fault
    noticed: float  # seconds from the fault to the failure
    told: int
    kept: Profile | None
    failure: Failed


@dataclass
class Soak:
    """Runs that are struck one after the other."""

    stage: Stage
    board: Board
    network: Path
    outline: Outline
    source: random.Random
    struck: list[Struck] = field(default_factory=list[Struck])

    def strike(self) -> Struck:
        """Start an endless run and strike it: half of them on the way in, half once it measures.

        A fault that found nothing yet to kill strikes again; the time to notice counts from the last one.
        """
        fault = self.source.choice(sorted(self.stage.faults))
        while_measuring = self.source.random() < 0.5
        after = self.source.uniform(0.0, 0.5 if while_measuring else 1.5)
        due = None if while_measuring else time.monotonic() + after
        told, blows = 0, list[float]()
        job = self.board.profile(self.network, self.outline, ENDLESS)
        try:
            while True:
                found = RUN.match(next(job).text)
                told = int(found[1]) if found else told
                if due is None and told:
                    due = time.monotonic() + after
                if due is not None and time.monotonic() >= due:
                    self.stage.faults[fault]()
                    blows.append(time.monotonic())
                    due = blows[-1] + AGAIN
                    assert len(blows) < MOST_BLOWS, f"the run goes on whatever happens: {fault}"
        except Failed as failure:
            if not blows:  # it failed by itself
                raise
            noticed = time.monotonic() - blows[-1]
            kept = failure.partial if isinstance(failure, LineLost) else None
            self.struck.append(Struck(fault, after, noticed, told, kept, failure))
            return self.struck[-1]
        finally:
            job.close()


AGAIN, MOST_BLOWS = 6.0, 5


def count(struck: list[Struck]) -> Counter[str]:
    return Counter(each.fault for each in struck)
