"""A real OpenSSH server on 127.0.0.1 for one test: own configuration, own keys, own port; the system is not changed.

An ordinary user can run one for logins of that same user. Root's needs /run/sshd, which it gets in a mount namespace of
its own; where that is not allowed, `missing` says so and tests skip.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

IN_NAMESPACE = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
WITH_RUN = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'


def program() -> str | None:
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


@cache
def missing() -> str:
    """Why no server can run here, or ""."""
    if program() is None or shutil.which("ssh-keygen") is None:
        return "OpenSSH’s server is not installed (apt-get install openssh-server)"
    if os.getuid() == 0 and subprocess.run([*IN_NAMESPACE, WITH_RUN, "sh", "true"], capture_output=True).returncode:
        return "root may not make a mount namespace here, and its sshd needs /run/sshd"
    return ""


def user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    bits = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", passphrase, "-C", "", "-f", path], check=True)
    return path


def fingerprint(public: Path) -> str:
    """As ssh-keygen says it."""
    return subprocess.run(["ssh-keygen", "-lf", public], check=True, capture_output=True, text=True).stdout.split()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    """Runs until `stop`. `lets_in` are public keys; `environment` is set for every login, beside TMPDIR and HOME.

    `temporary` is where the far side makes its temporary folders; `mounts` are shell commands that the server's
    namespace starts with (root only).
    """

    def __init__(
        self,
        folder: Path,
        lets_in: Sequence[Path] = (),
        *,
        port: int | None = None,
        host_key: Path | None = None,
        options: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        mounts: str = "",
    ) -> None:
        self.folder, self.port = folder, port or free_port()
        self.temporary = folder / "far side’s tmp"  # a name that wants quoting
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.host_key = host_key or make_key(folder / "host_key")
        self.authorized = folder / "authorized_keys"
        self.authorized.write_text("".join(path.with_suffix(".pub").read_text() for path in lets_in))
        self._options = list(options)
        home = folder / "far home"  # without the login scripts of whoever runs the tests
        home.mkdir(exist_ok=True)
        self._environment = {"TMPDIR": str(self.temporary), "HOME": str(home), **(environment or {})}
        self._mounts = mounts
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text(errors="replace")

    def _server(self) -> list[str]:
        """The program with its settings, in no namespace yet."""
        settings = [
            "ListenAddress=127.0.0.1",
            "UsePAM=no",
            "PasswordAuthentication=no",
            "KbdInteractiveAuthentication=no",
            "PermitRootLogin=yes",
            f'AuthorizedKeysFile="{self.authorized}"',
            "StrictModes=no",
            "Subsystem=sftp internal-sftp",
            "PidFile=none",
            "LogLevel=VERBOSE",
            "MaxStartups=100",
            "SetEnv=" + " ".join(f'"{name}={value}"' for name, value in self._environment.items()),
        ]
        given = {each.partition("=")[0] for each in self._options}
        settings = [each for each in settings if each.partition("=")[0] not in given] + self._options
        command = [str(program()), "-D", "-e", "-f", "/dev/null", "-p", str(self.port), "-h", str(self.host_key)]
        return command + [word for each in settings for word in ("-o", each)]

    def _command(self) -> list[str]:
        if os.getuid() != 0:
            return self._server()
        return [*IN_NAMESPACE, f"{self._mounts or 'true'} && {WITH_RUN}", "sh", *self._server()]

    def start(self) -> None:
        with (self.folder / "sshd.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 10
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                if line.recv(4) == b"SSH-":
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"sshd does not start: {self.log[-2000:]}")

    def family(self) -> list[psutil.Process]:
        """The server and all that it started and that still is its own, zombies too."""
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            listener = psutil.Process(self._process.pid)
            return [listener, *listener.children(recursive=True)]
        return []

    def sessions(self) -> list[psutil.Process]:
        """The processes that serve one connection each."""
        if self._process is None:
            return []
        return psutil.Process(self._process.pid).children()

    def kill_sessions(self) -> None:
        """As when the machine loses the connection for good: what serves it dies, without a word."""
        for session in self.sessions():
            for each in [session, *session.children()]:
                with suppress(psutil.NoSuchProcess):
                    if each.name() == "sshd":
                        each.kill()

    def stop(self) -> None:
        """End it and everything that it started."""
        for each in reversed(self.family()):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        if self._process is not None:
            self._process.wait()
            self._process = None
