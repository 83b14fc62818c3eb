"""A simulated TX2 with the real service of jetson-stats: as root, in mount namespaces of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.session import Session
from devices.shell import LocalShell
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
    """The board while its service runs. `tree` has its files; `python` runs scripts in its namespace, as a Session wants."""

    def __init__(self, tree: SimulatedTx2, service: subprocess.Popen[bytes]) -> None:
        self.tree, self.service = tree, service
        inside = ("nsenter", f"--mount=/proc/{service.pid}/ns/mnt", "--")
        self.python = (*inside, sys.executable, "-I", str(HERE / "with_jtop.py"), str(PACKAGES))

    def session(self) -> Session:
        """With the agent on the simulated board."""
        return Session(LocalShell(), "TX2", self.python)


@contextmanager
def jtop_board(folder: Path) -> Iterator[JtopBoard]:
    """The board, its service answering. Everything ends and is gone afterwards, but for the files in `folder`."""
    tree = SimulatedTx2(folder / "tx2")
    log = (folder / "service.log").open("wb")
    command = ["unshare", "-m", "--propagation", "private", str(HERE / "service.sh"), str(tree.root)]
    service = subprocess.Popen(
        [*command, sys.executable, str(PACKAGES)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
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
    try:
        os.killpg(service.pid, 15)
        service.wait(5)
    except subprocess.TimeoutExpired:
        pass
    except ProcessLookupError:
        return
    try:
        os.killpg(service.pid, 9)  # its children, where it left any
    except ProcessLookupError:
        pass
    service.wait()
