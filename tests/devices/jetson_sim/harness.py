"""A simulated TX2 with the real service of jetson-stats: as root, in mount namespaces of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from devices.power.trace import Watched, watched
from devices.session import AGENT, Message, Session
from devices.shell import LocalShell
from profiler.power import PowerTrace
from tests.devices.jetson_sim.tree import SimulatedTx2

HERE = Path(__file__).parent
PACKAGES = Path(__file__).parents[3] / ".venv" / "jetson"
PATIENCE = 20.0  # seconds for the service to answer


def missing() -> str:
    """Why the harness cannot run here; "" where it can."""
    if not (PACKAGES / "jtop").is_dir():
        return "jetson-stats is not in .venv/jetson"
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return "mount namespaces need root here"
    if not all(map(shutil.which, ("unshare", "nsenter"))):
        return "util-linux is not here"
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"mount namespaces are not allowed: {tried.stderr.decode().strip()}"


class JtopBoard:
    """The board while its service runs. `tree` has its files; `python` runs a script in its namespace."""

    def __init__(self, tree: SimulatedTx2, service: subprocess.Popen[bytes]) -> None:
        self.tree, self.service = tree, service
        inside = ("nsenter", f"--mount=/proc/{service.pid}/ns/mnt", "--")
        self.python = (*inside, sys.executable, "-I", str(HERE / "with_jtop.py"), str(PACKAGES))
        self.extra: dict[str, str] = {}

    def session(self) -> Session:
        """With the agent on the simulated board."""
        return Session(LocalShell(), "TX2", self.python)


@contextmanager
def jtop_board(folder: Path) -> Iterator[JtopBoard]:
    """The board, its service answering. Everything ends and is gone afterwards, but for the files in `folder`."""
    tree = SimulatedTx2(folder / "tx2")
    log = (folder / "service.log").open("wb")
    command = ["unshare", "-m", "--propagation", "private", str(HERE / "service.sh"), str(tree.root)]
    command += [sys.executable, str(PACKAGES)]
    service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    tree.tick()
    try:
        _wait(service, folder / "service.log")
        yield JtopBoard(tree, service)
    finally:
        tree.quiet()
        _stop(service)
        log.close()


def _wait(service: subprocess.Popen[bytes], log: Path) -> None:
    """Until the service's socket is there, in its own /run."""
    until = time.monotonic() + PATIENCE
    while not Path(f"/proc/{service.pid}/root/run/jtop.sock").exists():
        if service.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"The jtop service does not answer:\n{log.read_text()}")
        time.sleep(0.05)


def _stop(service: subprocess.Popen[bytes]) -> None:
    """End the service and its children: they are a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(service.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            service.wait(5)
        os.killpg(service.pid, signal.SIGKILL)  # its children, where it left any
    service.wait()


def follow(
    python: Sequence[str], request: Mapping[str, object], tree: SimulatedTx2, idle: float, run: Callable[[], None]
) -> tuple[list[Message], Message]:
    """Have the agent's monitor watch the board: `idle` watts, then what `run` plays, then `idle` again.

    Returns what the agent said, and the report of its monitor.
    """
    command = [*python, str(HERE / "driver.py"), str(AGENT), json.dumps(request)]
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert driver.stdin is not None
    assert driver.stdout is not None
    messages: list[Message] = []
    try:
        for line in driver.stdout:
            message = json.loads(line)
            if message["type"] == "phase":
                tree.quiet()
                tree.tick()
                run() if message["name"] == "run" else tree.power("VDD_IN", idle)
                print(file=driver.stdin, flush=True)
            else:
                messages.append(message)
    finally:
        _, errors = driver.communicate(timeout=PATIENCE)
    if driver.returncode != 0:
        raise RuntimeError(f"The driver ended with {driver.returncode}:\n{errors}")
    return messages, messages[-1]["monitor"]


@dataclass(frozen=True)
class Measured:
    """One run: what was made of it, and the energy in joules that really flowed in its window, idle included."""

    watched: Watched
    report: Message
    true_joules: float

    @property
    def power(self) -> PowerTrace:
        assert self.watched.power is not None, self.watched.warnings
        return self.watched.power

    @property
    def joules(self) -> float:
        assert self.power.mean_watts is not None
        return self.power.mean_watts * (self.power.run_stop - self.power.run_start)

    @property
    def error(self) -> float:
        """Relative, signed."""
        return self.joules / self.true_joules - 1


def measure(
    board: "JtopBoard | FileBoard", meter: str, run: Callable[[], None], *, idle: float = 2.5, seconds: float = 6.0
) -> Measured:
    """Energy of what `run` plays, through the agent's monitor and `meter`."""
    request = {"meter": meter, "seconds": seconds, "inferences": 100, **board.extra}
    messages, report = follow(board.python, request, board.tree, idle, run)
    found = watched(messages, report, "TX2")
    assert found.power is not None, found.warnings
    start = report["epoch"]
    true = board.tree.wave.joules(start + found.power.run_start, start + found.power.run_stop)
    return Measured(found, report, true)


class FileBoard:
    """The board's files alone, read under a root of their own: no service, no namespace, no need to be root."""

    def __init__(self, folder: Path) -> None:
        self.tree = SimulatedTx2(folder / "tx2")
        self.python = (sys.executable, "-I")
        self.extra = {"root": str(self.tree.root)}

    def with_tegrastats(self, program: str = "") -> None:
        """Put a program there that writes lines as tegrastats does, or one of the test's own."""
        path = self.tree.root / "usr/bin/tegrastats"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(program or (HERE / "tegrastats.py").read_text())
        path.chmod(0o755)
