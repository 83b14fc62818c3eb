"""Making a connection: the way there over jump hosts, the host's key, the login; and what went wrong, in words."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import asyncssh
from asyncssh import SSHClientConnection, SSHClientConnectionOptions

from devices.address_book import Address
from devices.ssh import known_hosts
from devices.ssh.errors import ChangedHost, LoginRefused, UnknownHost
from devices.ssh.options import (
    CONNECT_TIMEOUT,
    LOGIN_TIMEOUT,
    host_key_algorithms,
    jumps,
    locked_keys,
    options,
    passphrase_wanted,
)
from profiler.errors import BadInput, Failed

Tell = Callable[[str, str], None]
MOST_JUMPS = 8  # hosts in a configuration may jump through one another without an end


def silent(step: str, found: str) -> None:
    """Tells nobody."""


async def dial(
    address: Address,
    secret: str | None,
    tell: Tell = silent,
    via: SSHClientConnection | None = None,
    jumped: int = 0,
) -> SSHClientConnection:
    """A connection to `address`, through its jump hosts and those of ~/.ssh/config. Closing it closes them too.

    `tell` hears of "address", "key" and "login" as each succeeds. Raises UnknownHost, ChangedHost, LoginRefused,
    BadInput for an address that cannot be one, and Failed with the reason in words.
    """
    if jumped > MOST_JUMPS:
        raise BadInput(f"The way to “{address.host}” has no end: its jump hosts lead to one another.")
    try:
        if via is None:
            through = address.jump or str(options(address, secret).tunnel or "")
            for hop in jumps(through):
                via = await dial(replace(hop, legacy=address.legacy), None, silent, via, jumped + 1)
        return await _connect(address, secret, tell, via)
    except BaseException:
        if via is not None:
            via.abort()
        raise


@dataclass
class Visitor(asyncssh.SSHClient):
    """What one connection meets on its way in: decides about the host's key, and notes how it could log in."""

    host: str
    port: int
    known: known_hosts.Known
    tell: Tell
    refusal: Failed | None = None
    lost: str = ""  # why the connection ended
    connection: SSHClientConnection | None = None
    shown: bool = False  # a key
    offered: list[str] = field(default_factory=list[str])

    @property
    def speaks(self) -> bool:
        """Whether it was an SSH server that spoke, and showed no key."""
        said = self.connection.get_extra_info("server_version") if self.connection is not None else ""
        return bool(said) and not self.shown

    def connection_made(self, conn: SSHClientConnection) -> None:
        self.connection = conn
        address = conn.get_extra_info("peername")
        self.tell("address", f"{address[0]}, port {address[1]}" if address else f"{self.host}, port {self.port}")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = f"{type(exc).__name__}: {exc}" if exc is not None else ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        kind, fingerprint = known_hosts.kind(key), key.get_fingerprint()
        self.shown = True
        if key in self.known.keys:
            self.tell("key", f"{kind} {fingerprint}")
            return True
        if self.known.keys:
            trusted = self._trusted(key).get_fingerprint()
            self.refusal = ChangedHost(self.host, self.port, kind, fingerprint, trusted, self.known.where)
        else:
            line = known_hosts.key_line(self.host, self.port, key)
            self.refusal = UnknownHost(self.host, self.port, kind, fingerprint, line)
        return False

    def _trusted(self, shown: asyncssh.SSHKey) -> asyncssh.SSHKey:
        """The trusted key to set beside the one that was shown: one of its kind, where there is one."""
        same = [key for key in self.known.keys if key.get_algorithm() == shown.get_algorithm()]
        return (same or list(self.known.keys))[0]

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        if key not in self.known.authorities:
            return False
        self.tell("key", f"signed by {known_hosts.kind(key)} {key.get_fingerprint()}")
        return True

    def public_key_auth_requested(self) -> None:
        self._offers("publickey")

    def password_auth_requested(self) -> None:
        self._offers("password")

    def kbdint_auth_requested(self) -> None:
        self._offers("keyboard-interactive")

    def _offers(self, method: str) -> None:
        """Noted when the server names a way in that nothing is left to be tried with."""
        if method not in self.offered:
            self.offered.append(method)


async def _connect(
    address: Address, secret: str | None, tell: Tell, via: SSHClientConnection | None
) -> SSHClientConnection:
    first = options(address, secret)
    host, port = first.host_key_alias or first.host, first.port
    known = known_hosts.known(host, port)
    visitor = Visitor(host, port, known, tell)
    chosen = options(
        address,
        secret,
        client_factory=lambda: visitor,
        known_hosts=([], [], list(known.revoked)),
        server_host_key_algs=host_key_algorithms(known, address.legacy),
    )
    seconds = CONNECT_TIMEOUT + LOGIN_TIMEOUT
    try:
        given = {"port": address.port} if address.port is not None else {}
        work = asyncssh.connect(address.host, options=chosen, config=None, tunnel=via, **given)
        connection = await asyncio.wait_for(work, seconds)
    except (OSError, asyncssh.Error, ValueError) as problem:
        raise visitor.refusal or in_words(problem, address, chosen, visitor) from None
    if via is not None:
        connection.set_tunnel(via)
    tell("login", f"{chosen.username}@{first.host}, {'a password' if address.login != 'key' else 'a key'}")
    return connection


def in_words(
    problem: Exception, address: Address, chosen: SSHClientConnectionOptions, visitor: Visitor
) -> Failed | BadInput:
    """What a failure on the way means to whoever wants to get there."""
    place = f"“{chosen.host}”" if chosen.host == address.host else f"“{address.host}” ({chosen.host})"
    evidence = f"{type(problem).__name__}: {problem}"
    if isinstance(problem, asyncssh.PermissionDenied):
        return _refused(address, chosen, visitor)
    if isinstance(problem, asyncssh.KeyExchangeFailed):
        return Failed(f"{place} speaks only older forms of SSH than are taken here.", _about_age(address), evidence)
    if isinstance(problem, asyncssh.ConnectionLost) and visitor.speaks:
        what = f"{place} closed the connection while keys were exchanged."
        return Failed(what, f"Try it again. {_about_age(address)}", evidence)
    if isinstance(problem, asyncssh.HostKeyNotVerifiable):
        return Failed(f"The key of {place} is revoked or not valid.", "Ask whoever looks after it.", evidence)
    what, fix = _on_the_way(problem, place, chosen.port)
    return Failed(what, fix, evidence)


def _about_age(address: Address) -> str:
    if address.legacy:
        return "Update its OpenSSH, or connect through another host."
    return "If it is a board with OpenSSH 6.6 or so (Jetson TK1), switch on “Legacy SSH” for it."


def _on_the_way(problem: Exception, place: str, port: int) -> tuple[str, str]:
    if isinstance(problem, TimeoutError):
        return f"{place} does not answer on port {port}.", "Check that it is switched on and on the same network."
    if isinstance(problem, socket.gaierror):
        return f"No host named {place} is known.", "Check its name, or give its address."
    if isinstance(problem, ConnectionRefusedError):
        return f"Nothing listens on port {port} of {place}.", "Check the port, and that its SSH server runs."
    if isinstance(problem, asyncssh.ChannelOpenError):
        return f"The jump host does not reach {place}, port {port}.", "Check the name as the jump host knows it."
    if isinstance(problem, asyncssh.ConnectionLost | asyncssh.ProtocolError | ConnectionResetError):
        return f"{place} closed the connection before the login.", "Check that an SSH server listens on that port."
    return f"{place} cannot be reached: {problem}.", "Check the address and the network."


def _refused(address: Address, chosen: SSHClientConnectionOptions, visitor: Visitor) -> LoginRefused:
    who = f"“{chosen.username}” on “{address.host}”"
    by_password = any(method in ("password", "keyboard-interactive") for method in visitor.offered)
    if address.login != "key":
        what = f"The password of {who} was not taken." if chosen.password else f"{who} needs a password."
        fix = "Type it again." if by_password or chosen.password else "That server takes keys only: use a key."
        return LoginRefused(what, fix, tuple(visitor.offered), "password" if by_password or chosen.password else "")
    locked = locked_keys(address)
    if locked:
        return passphrase_wanted(f"None of your keys opens {who}; “{locked[0]}” is protected by a passphrase.")
    fix = "Put your public key there: ssh-copy-id, or append it to ~/.ssh/authorized_keys."
    if address.legacy:
        fix += " With “Legacy SSH” an RSA key is used as OpenSSH 6.6 knows it; newer servers do not take that."
    else:
        fix += " A board with OpenSSH 6.6 takes RSA keys only with “Legacy SSH”; an ed25519 key needs no such thing."
    if by_password:
        fix = f"Log in with a password, or: {fix[0].lower()}{fix[1:]}"
    return LoginRefused(f"None of your keys opens {who}.", fix, tuple(visitor.offered))
