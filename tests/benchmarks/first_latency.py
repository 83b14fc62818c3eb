"""From `netbonsai profile --device tx2`, at a terminal, to the first latency: a 2 MB network over SSH on loopback.

The bar is 3 s with the agent there already. It never is, for a fresh process: a folder on the board belongs to one line
and goes with it. So this is the harder case, with the agent and the network sent each time.
"""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROUNDS = 5
BAR = 3.0
HOUSE = Path(__file__).parents[2]
sys.path.insert(0, str(HOUSE))


def main() -> None:
    from tests.devices.sshd import missing

    if missing():
        print(f"Not measured: {missing()}.")
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


def measure(folder: Path) -> None:
    from devices.address_book import Address, AddressBook
    from profiler import zoo
    from profiler.network import save
    from tests.devices.far_side import trust
    from tests.devices.sshd import Sshd, make_key, user

    os.environ["NETBONSAI_CONFIG"] = str(folder / "config")
    network = folder / "network.onnx"
    save(zoo.build("LeNet-5"), network)
    key = make_key(folder / "key")
    server = Sshd(folder, [key])
    try:
        trust(server)
        book = AddressBook.load()
        book.add(Address("tx2", "127.0.0.1", user(), server.port, str(key), python=sys.executable))
        book.save()
        print(f"Network: {network.stat().st_size / 1e6:.2f} MB; {ROUNDS} fresh processes; the bar is {BAR:.0f} s.")
        command = ["-m", "app", "profile", str(network), "--device", "tx2", "--runs", "20000"]
        times = [round(first_latency(command), 2) for _ in range(ROUNDS)]
        print(f"From the command to the first latency: median {statistics.median(times):.2f} s, each: {times}")
    finally:
        server.stop()


def first_latency(command: list[str]) -> float:
    """Seconds from the start of the process until a person at a terminal reads of the first run."""
    ours, theirs = pty.openpty()
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *command], cwd=HOUSE, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL
    )
    os.close(theirs)
    said, seconds = b"", None
    with suppress(OSError):  # the terminal's end, when the process ends
        while part := os.read(ours, 4096):
            said += part
            if seconds is None and b"Run " in said:
                seconds = time.monotonic() - start
                process.terminate()
    os.close(ours)
    process.wait()
    if seconds is None:
        raise SystemExit(f"No run was told:\n{said.decode(errors='replace')}")
    return seconds


if __name__ == "__main__":
    main()
