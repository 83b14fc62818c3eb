"""Real servers on loopback, and a home of the test's own: nothing here reads or writes the user's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.address_book import Address
from devices.ssh import shell as ssh_shell
from tests.devices.far_side import Link, trust
from tests.devices.sshd import Sshd, make_key, missing, user


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """A home with an empty ~/.ssh, without an agent."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("NETBONSAI_CONFIG", str(folder / "config"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


@pytest.fixture(autouse=True)
def _hung_up() -> Iterator[None]:
    """No test keeps a line for the next."""
    yield
    ssh_shell._shared.close()


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Path:
    """ed25519 keys of this session of tests: `mine` and `strangers`."""
    if missing():
        pytest.skip(missing())
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "mine")
    make_key(folder / "strangers")
    return folder


@pytest.fixture
def server(tmp_path, keys):
    """Makes servers, as many as a test wants; `mine` is let in."""
    made: list[Sshd] = []

    def make(name: str = "sshd", lets_in: tuple[Path, ...] = (), **changed) -> Sshd:
        (tmp_path / name).mkdir(exist_ok=True)
        made.append(Sshd(tmp_path / name, [keys / "mine", *lets_in], **changed))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def sshd(server) -> Sshd:
    return server()


@pytest.fixture
def address(keys):
    """Makes the address of a server."""

    def make(server: Sshd, **changed) -> Address:
        given = {"name": "tx2", "host": "127.0.0.1", "port": server.port, "user": user(), "key": str(keys / "mine")}
        return Address(**(given | {"python": sys.executable} | changed))

    return make


@pytest.fixture
def trusted(address):
    """Makes the address of a server whose key is trusted."""

    def make(server: Sshd, **changed) -> Address:
        trust(server, changed.get("port"))
        return address(server, **changed)

    return make


@pytest.fixture
def link():
    """Makes links to a port."""
    made: list[Link] = []

    def make(port: int) -> Link:
        made.append(Link(port))
        return made[-1]

    yield make
    for each in made:
        each.close()
