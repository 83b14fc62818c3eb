"""A simulated TX2 to try the program on: python -m tests.devices.jetson_sim.board FOLDER

As root. A real OpenSSH server runs beside jetson-stats' real service over made-up sensor files, in mount namespaces of
their own; `ssh board` finds it once HOME is FOLDER/home. Its `python3` is this environment's own, with jetson-stats.
VDD_IN, VDD_SYS_CPU and the load follow how busy the agent is: traces show that something runs, and nothing of a TX2.
"""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.devices import sshd
from tests.devices.jetson_sim.harness import PACKAGES, JtopBoard, jtop_board, missing
from tests.devices.jetson_sim.tree import SimulatedTx2

IDLE = {"VDD_IN": 2.9, "VDD_SYS_CPU": 0.46}  # watts
PER_CORE = {"VDD_IN": 2.6, "VDD_SYS_CPU": 1.9}  # watts more with one core busy
TICK = 0.1  # seconds
CONFIG = """Host board
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {key}
"""


class BoardsSshd(sshd.Sshd):
    """A server within the board's namespace: logins see its files and its jtop socket."""

    def __init__(self, folder: Path, key: Path, inside: tuple[str, ...]) -> None:
        self._inside = inside
        environment = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "HOME": str(folder)}  # whose shell changes no PATH
        host_key = folder / "host_key"  # the same each time, as a board keeps its own
        super().__init__(folder, [key], environment=environment, host_key=host_key if host_key.exists() else None)

    def _command(self) -> list[str]:
        return [*self._inside, "sh", "-c", 'mkdir -p -m 755 /run/sshd && exec "$@"', "sh", *self._server()]


class Following(threading.Thread):
    """Lets the board's power and load follow how busy the processes under `server` are."""

    def __init__(self, tree: SimulatedTx2, server: sshd.Sshd) -> None:
        super().__init__(daemon=True)
        self._tree, self._server = tree, server
        self._over = threading.Event()
        self._known: dict[int, psutil.Process] = {}
        self._counted = [0.0, 0.0]  # seconds busy and idle, as /proc/stat counts them

    def run(self) -> None:
        while not self._over.wait(TICK):
            busy = self._busy()
            for rail, idle in IDLE.items():
                self._tree.power(rail, idle + PER_CORE[rail] * busy)
            self._count(min(busy, 6.0) / 6)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _busy(self) -> float:
        """How many cores the far side of the line keeps busy since it was asked last."""
        self._known = {each.pid: self._known.get(each.pid, each) for each in self._server.family()}
        total = 0.0
        for each in self._known.values():
            with suppress(psutil.NoSuchProcess):
                total += each.cpu_percent() / 100
        return total

    def _count(self, share: float) -> None:
        self._counted[0] += share * TICK
        self._counted[1] += (1 - share) * TICK
        busy, idle = (round(100 * seconds) for seconds in self._counted)
        cores = "".join(f"cpu{core} {busy:09d} 0 0 {idle:09d} 0 0 0 0 0 0\n" for core in range(6))
        self._tree.write("proc/stat", f"cpu  {6 * busy:09d} 0 0 {6 * idle:09d} 0 0 0 0 0 0\n{cores}intr 0\nctxt 1")


@contextmanager
def board(folder: Path) -> Iterator[tuple[JtopBoard, BoardsSshd]]:
    """The board with its server, and FOLDER/home with a key and a way there."""
    home = folder / "home"
    key = home / ".ssh" / "id_ed25519"
    if not key.exists():
        sshd.make_key(key)
    program = folder / "sshd" / "bin" / "python3"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGES} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="tx2-", dir=folder) as files, jtop_board(Path(files)) as made:
        made.tree.quiet()  # the counters follow the load from here on
        server = BoardsSshd(folder / "sshd", key, made.python[:3])
        following = Following(made.tree, server)
        following.start()
        try:
            (home / ".ssh" / "config").write_text(CONFIG.format(port=server.port, user=sshd.user(), key=key))
            yield made, server
        finally:
            following.stop()
            server.stop()


def main(folder: Path) -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})  # before any thread: sigwait takes them
    if missing() or sshd.missing():
        print(missing() or sshd.missing(), file=sys.stderr)
        return 1
    with board(folder.resolve()) as (_, server):
        print(f"export HOME={folder.resolve() / 'home'}; then: ssh board (port {server.port})", flush=True)
        print(sshd.fingerprint(Path(f"{server.host_key}.pub")), flush=True)
        with suppress(KeyboardInterrupt):
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(Path(sys.argv[1])))
