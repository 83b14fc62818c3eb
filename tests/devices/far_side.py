"""What a line to a server on loopback left on the far side; and a link to it that can be cut."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress

import psutil

from devices import ssh
from devices.address_book import Address
from tests.devices.sshd import Sshd


def trust(server: Sshd, port: int | None = None) -> None:
    """Take the server's key for trusted, at its own port or that of a link to it."""
    words = server.host_key.with_suffix(".pub").read_text().split()
    ssh.trust(Address("any", "127.0.0.1"), f"[127.0.0.1]:{port or server.port} {words[0]} {words[1]}")


def left_on(server: Sshd, seconds: float = 5.0) -> list[str]:
    """What is still in the far side's temporary folder, once it had `seconds` to clear up."""
    until = time.monotonic() + seconds
    while True:
        names = [name for name in os.listdir(server.temporary)]  # noqa: PTH208, C416
        if not names or time.monotonic() > until:
            return names
        time.sleep(0.05)


def at_work(server: Sshd, seconds: float = 5.0) -> list[str]:
    """Processes that logins to this server started and that live on, whoever their parent is now; zombies too."""
    until = time.monotonic() + seconds
    while True:
        found = [each for each in psutil.process_iter() if _belongs(each, server)]
        if not found or time.monotonic() > until:
            return [_described(each) for each in found]
        time.sleep(0.05)


def _belongs(process: psutil.Process, server: Sshd) -> bool:
    """By TMPDIR, which the server sets for each login; a zombie has no environment, but still its parent."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return process in server.family()
        return process.environ().get("TMPDIR", "").startswith(str(server.temporary))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _described(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return f"{process.pid} {process.status()} {' '.join(process.cmdline())[:500]}"
    return "gone"


class Link:
    """A TCP link on loopback to a port: `silence` stops the bytes, as a pulled cable does; `reset` breaks it aloud."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(0.05):
                with self._lock, suppress(OSError, KeyError):
                    self._serve(key.fileobj)

    def _serve(self, ready) -> None:
        if ready is self._listener:
            here, _ = self._listener.accept()
            there = socket.create_connection(("127.0.0.1", self._to))
            for one, other in ((here, there), (there, here)):
                self._pairs[one] = other
                self._selector.register(one, selectors.EVENT_READ)
            return
        try:
            part = ready.recv(1 << 16)
            if part:
                self._pairs[ready].sendall(part)
                return
        except OSError:
            pass
        self._drop(ready)

    def _drop(self, one: socket.socket) -> None:
        other = self._pairs.pop(one, None)
        for each in (one, other):
            if each is not None:
                self._pairs.pop(each, None)
                with suppress(KeyError, ValueError):
                    self._selector.unregister(each)
                each.close()

    def silence(self) -> None:
        """Carry nothing more on the connections there are; nobody is told. New ones are carried."""
        with self._lock:
            for each in self._pairs:
                with suppress(KeyError, ValueError):
                    self._selector.unregister(each)

    def reset(self) -> None:
        """End every connection with a reset, both ways."""
        with self._lock:
            for each in list(self._pairs):
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for each in list(self._pairs):
                self._drop(each)

    def close(self) -> None:
        self._over = True
        self._thread.join()
        for each in list(self._pairs):
            self._drop(each)
        self._selector.close()
        self._listener.close()
