"""From an address and ~/.ssh/config to how one connection is made: who logs in, with what, over which algorithms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.address_book import Address
from devices.ssh import known_hosts, passwords
from devices.ssh.errors import LoginRefused
from profiler.errors import BadInput

if TYPE_CHECKING:
    from asyncssh import SSHClientConnectionOptions

CONNECT_TIMEOUT = 10  # seconds for the way there, jump hosts apart
LOGIN_TIMEOUT = 15
KEEPALIVE = 4  # seconds of silence after which the other side is asked whether it is there …
KEEPALIVE_COUNT = 2  # … and how many questions may stay unanswered: a pulled cable is noticed after 12 s

# What is broken with SHA-1: signatures, and the exchange of keys (RFC 8332, RFC 9142). hmac-sha1 is not.
OLD_SIGNATURES = ("ssh-rsa",)
OLD_EXCHANGES = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
)


def config_file() -> Path:
    return Path("~/.ssh/config").expanduser()


def options(address: Address, secret: str | None, **more: Any) -> SSHClientConnectionOptions:
    """How to connect to `address`; what it leaves open is read from ~/.ssh/config.

    Raises BadInput for a key file or a configuration that cannot be read, LoginRefused for a key that stays locked.
    """
    import asyncssh

    given: dict[str, Any] = {
        "host": address.host,
        "connect_timeout": None,  # the caller's own, which covers the name's resolution too
        "login_timeout": LOGIN_TIMEOUT,
        "keepalive_interval": KEEPALIVE,
        "keepalive_count_max": KEEPALIVE_COUNT,
        "agent_forwarding": False,
        "x11_forwarding": False,
        "gss_host": None,
        "known_hosts": ([], [], []),
        **_login(address, secret),
        **algorithms(address.legacy),
        **more,
    }
    if address.user:
        given["username"] = address.user
    if address.port is not None:
        given["port"] = address.port
    config = [config_file()] if config_file().is_file() else None
    try:
        return asyncssh.SSHClientConnectionOptions(config=config, **given)
    except asyncssh.ConfigParseError as problem:
        raise BadInput(f"“{config_file()}” is not as it should be.", str(problem), "Mend that line.") from None
    except asyncssh.KeyEncryptionError:
        raise passphrase_wanted(f"The passphrase does not open the key “{address.key}”.") from None
    except asyncssh.KeyImportError as problem:
        if "assphrase" in str(problem):
            raise passphrase_wanted(f"The key “{address.key}” is protected by a passphrase.") from None
        raise BadInput(
            f"The key “{address.key}” cannot be used.", str(problem), "Give a private key that ssh itself can read."
        ) from None
    except OSError as problem:
        raise BadInput(f"“{problem.filename}” cannot be read: {problem.strerror}.", "", "Check the path.") from None


def locked_keys(address: Address) -> list[str]:
    """Of the keys that would be tried, those that only a passphrase opens."""
    import asyncssh

    named = [address.key] if address.key else [str(path) for path in sorted(Path("~/.ssh").expanduser().glob("id_*"))]
    found: list[str] = []
    for name in named:
        try:
            asyncssh.read_private_key(Path(name).expanduser())
        except asyncssh.KeyEncryptionError:
            found.append(name)
        except (asyncssh.KeyImportError, OSError) as problem:
            if "assphrase" in str(problem):
                found.append(name)
    return found


def passphrase_wanted(what: str) -> LoginRefused:
    return LoginRefused(
        what, "Type its passphrase, or load the key into the agent: ssh-add.", ("publickey",), "passphrase"
    )


def _login(address: Address, secret: str | None) -> dict[str, Any]:
    """What is shown to the board: keys and the agent's, or a password and nothing else."""
    if address.login == "key":
        given: dict[str, Any] = {"passphrase": secret or None, "password": None}
        if address.key:
            given["client_keys"] = [str(Path(address.key).expanduser())]
        return given
    password = secret or (passwords.kept(address) if address.login == "keyring" else None)
    return {
        "password": password,
        "client_keys": None,  # each would be a failed try, and a server counts them
        "agent_path": None,
        "preferred_auth": ["password", "keyboard-interactive"],
    }


def algorithms(legacy: bool) -> dict[str, Any]:
    """All that the library takes by itself; without SHA-1 where it is broken, unless the board is an old one.

    An RSA key signs with SHA-1 for an old one and with nothing else: OpenSSH before 7.2 knows no other way.
    """
    from asyncssh.kex import get_default_kex_algs, get_kex_algs

    signatures = _signatures(legacy)
    exchanges = [name.decode() for name in get_default_kex_algs()]
    if legacy:
        there = {name.decode() for name in get_kex_algs()}
        signatures = [name for name in signatures if not name.startswith("rsa-")]
        exchanges += [name for name in OLD_EXCHANGES if name in there and name not in exchanges]
    else:
        exchanges = [name for name in exchanges if name not in OLD_EXCHANGES]
    return {"signature_algs": signatures, "kex_algs": exchanges}


def _signatures(legacy: bool) -> list[str]:
    from asyncssh.public_key import get_default_public_key_algs

    able = [name.decode() for name in get_default_public_key_algs()]
    if not legacy:
        return [name for name in able if name not in OLD_SIGNATURES]
    return [*able, *(name for name in OLD_SIGNATURES if name not in able)]


def host_key_algorithms(known: known_hosts.Known, legacy: bool) -> list[str]:
    """The kinds of key that the host is asked for: those it is known by first, so that it shows one of them."""
    from asyncssh.public_key import get_default_certificate_algs

    able = _signatures(legacy)
    if known.authorities:
        able = [*(name.decode() for name in get_default_certificate_algs()), *able]
    preferred = [name.decode() for key in known.keys for name in key.sig_algorithms]
    first = [name for name in able if name in preferred]
    return [*first, *(name for name in able if name not in first)]


def jumps(text: str) -> list[Address]:
    """The hosts of `[user@]host[:port],…` in order; "none" is none. Raises BadInput."""
    if text.strip().lower() in ("", "none"):
        return []
    return [_hop(part.strip().removeprefix("ssh://")) for part in text.split(",")]


def _hop(text: str) -> Address:
    user, _, place = text.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]") or (host.count(":") and not host.endswith("]")):
        host, port = place, ""  # an IPv6 address without a port has colons too
    if not host or (port and not port.isdigit()):
        raise BadInput(f"“{text}” cannot be a jump host.", "", "Give it as user@host or user@host:port.")
    return Address(name="jump", host=host.strip("[]"), user=user, port=int(port) if port else None)
