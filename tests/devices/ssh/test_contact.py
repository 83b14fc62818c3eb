"""The first contact with a real OpenSSH server, and what may stand in its way."""

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from devices import ssh
from devices.address_book import Address
from devices.ssh import ChangedHost, LoginRefused, UnknownHost, dial, probe
from devices.ssh.known_hosts import own_file
from profiler.errors import BadInput, Failed
from profiler.progress import drain
from tests.devices.far_side import at_work, left_on, trust
from tests.devices.sshd import fingerprint, make_key, user


def steps(address, secret=None) -> tuple[list[str], ssh.Found]:
    told = []
    found = drain(probe(address, secret), lambda step: told.append(step.text))
    return [text for number, text in enumerate(told) if number == 0 or text != told[number - 1]], found


def test_a_host_that_was_never_met_shows_its_fingerprint_and_is_not_trusted(sshd, address):
    with pytest.raises(UnknownHost) as caught:
        drain(probe(address(sshd)))
    unknown = caught.value
    assert unknown.fingerprint == fingerprint(sshd.host_key.with_suffix(".pub"))
    assert (unknown.host, unknown.port, unknown.kind) == ("127.0.0.1", sshd.port, "ED25519")
    assert unknown.fingerprint in str(unknown)
    assert not own_file().exists()
    assert "Accepted" not in sshd.log


def test_once_trusted_it_is_let_in_step_by_step_and_nothing_is_left_there(sshd, address):
    with pytest.raises(UnknownHost) as caught:
        drain(probe(address(sshd)))
    ssh.trust(address(sshd), caught.value.key_line)
    told, found = steps(address(sshd))
    assert [text.partition(":")[0] for text in told[1:]] == ["address", "key", "login", "python", "engines", "power"]
    assert told[1] == f"address: 127.0.0.1, port {sshd.port}"
    assert told[2] == f"key: ED25519 {caught.value.fingerprint}"
    assert found.fingerprint == caught.value.fingerprint
    assert found.facts.engines["onnxruntime"]
    assert found.facts.name == "tx2"
    assert own_file().stat().st_mode & 0o777 == 0o600
    assert left_on(sshd) == []
    assert at_work(sshd) == []


def test_another_key_than_the_trusted_one_is_refused(server, trusted):
    first = server()
    address, old = trusted(first), fingerprint(first.host_key.with_suffix(".pub"))
    drain(probe(address))
    before = own_file().read_bytes()
    first.stop()
    impostor = server("impostor", port=first.port)
    with pytest.raises(ChangedHost) as caught:
        drain(probe(address))
    changed = caught.value
    assert (changed.known_fingerprint, changed.fingerprint) == (old, fingerprint(impostor.host_key.with_suffix(".pub")))
    assert changed.where == f"{own_file()}, line 1"
    assert own_file().read_bytes() == before
    assert "Accepted" not in impostor.log
    ssh.forget_key(address)
    with pytest.raises(UnknownHost):
        drain(probe(address))


def test_a_host_known_by_another_kind_of_key_is_asked_for_that_kind(server, address, tmp_path):
    rsa = make_key(tmp_path / "rsa_host_key", "rsa")
    both = server(options=[f"HostKey={rsa}"])
    words = rsa.with_suffix(".pub").read_text().split()
    ssh.trust(address(both), f"[127.0.0.1]:{both.port} {words[0]} {words[1]}")
    _, found = steps(address(both))
    assert (found.kind, found.fingerprint) == ("RSA", fingerprint(rsa.with_suffix(".pub")))


@pytest.mark.parametrize("hashed", [False, True])
def test_hosts_known_to_the_user_need_no_second_trust(sshd, address, home, hashed):
    words = sshd.host_key.with_suffix(".pub").read_text().split()
    known = home / ".ssh" / "known_hosts"
    known.write_text(f"# mine\nmalformed\n[127.0.0.1]:{sshd.port} {words[0]} {words[1]}\n")
    if hashed:
        known.write_text(known.read_text().partition("malformed\n")[2])
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True)
        assert "127.0.0.1" not in known.read_text()
    before = known.read_bytes()
    assert steps(address(sshd))[1].python
    assert known.read_bytes() == before
    assert not own_file().exists()


def test_a_key_that_was_revoked_is_refused(sshd, address, home):
    words = sshd.host_key.with_suffix(".pub").read_text().split()
    (home / ".ssh" / "known_hosts").write_text(f"@revoked * {words[0]} {words[1]}\n")
    with pytest.raises(Failed, match="revoked"):
        drain(probe(address(sshd)))


def test_a_key_for_another_port_is_none_for_this_one(sshd, address, home):
    """OpenSSH asks too: another port may be another machine, behind one that forwards."""
    other = make_key(home / "other")
    words = other.with_suffix(".pub").read_text().split()
    (home / ".ssh" / "known_hosts").write_text(f"127.0.0.1 {words[0]} {words[1]}\n")
    with pytest.raises(UnknownHost):
        drain(probe(address(sshd)))


# ------------------------------------------------------------------------------------------------ logins


def test_a_key_that_is_not_let_in(sshd, trusted, keys):
    with pytest.raises(LoginRefused) as caught:
        drain(probe(trusted(sshd, key=str(keys / "strangers"))))
    assert caught.value.methods == ("publickey",)
    assert caught.value.wanted == ""
    assert "authorized_keys" in caught.value.fix


def test_a_key_with_a_passphrase(server, trusted, tmp_path):
    locked = make_key(tmp_path / "locked", passphrase="bonsai pot")
    address = trusted(server(lets_in=(locked,)), key=str(locked))
    for secret in (None, "bonsai"):
        with pytest.raises(LoginRefused) as caught:
            drain(probe(address, secret))
        assert caught.value.wanted == "passphrase"
        assert "bonsai" not in str(caught.value)
    assert steps(address, "bonsai pot")[1].login == f"{user()}@127.0.0.1, a key"


def test_a_key_file_that_is_not_there(sshd, trusted):
    with pytest.raises(BadInput, match="no_such_key"):
        drain(probe(trusted(sshd, key="~/no_such_key")))


def test_keys_of_the_agent_and_those_in_the_home_are_tried(server, trusted, home, keys, monkeypatch, tmp_path):
    address = trusted(server(), key="")
    with pytest.raises(LoginRefused):
        drain(probe(address))
    listening = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", listening], stdout=subprocess.DEVNULL)
    try:
        while not listening.exists():
            assert agent.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(listening))
        subprocess.run(["ssh-add", "-q", keys / "mine"], check=True, capture_output=True)
        assert steps(address)[1].python
    finally:
        agent.kill()
        agent.wait()
    monkeypatch.delenv("SSH_AUTH_SOCK")
    (home / ".ssh" / "id_ed25519").write_bytes((keys / "mine").read_bytes())
    (home / ".ssh" / "id_ed25519").chmod(0o600)
    assert steps(address)[1].python


@pytest.fixture
def by_password(server, trusted, tmp_path):
    """A server that lets root in by the password “correct horse”: in its namespace lies another /etc/shadow."""
    if os.getuid() != 0:
        pytest.skip("only root’s server can check passwords")
    crypt = subprocess.run(["openssl", "passwd", "-6", "correct horse"], capture_output=True, text=True)
    if crypt.returncode:
        pytest.skip("openssl is not installed, to encrypt a password with")
    lines = Path("/etc/shadow").read_text().splitlines()
    shadow = tmp_path / "shadow"
    shadow.write_text(
        "".join(
            f"root:{crypt.stdout.strip()}:19000:0:99999:7:::\n" if line.startswith("root:") else f"{line}\n"
            for line in lines
        )
    )
    shadow.chmod(0o600)
    sshd = server(options=["PasswordAuthentication=yes"], mounts=f"mount --bind '{shadow}' /etc/shadow")
    return lambda login: trusted(sshd, key="", login=login)


def test_a_password_that_is_typed(by_password):
    address = by_password("password")
    assert ssh.secret_wanted(address) == "password"
    assert steps(address, "correct horse")[1].login == f"{user()}@127.0.0.1, a password"
    for secret in (None, "battery staple"):
        with pytest.raises(LoginRefused) as caught:
            drain(probe(address, secret))
        assert caught.value.wanted == "password"
        assert "battery" not in repr(vars(caught.value))


def test_a_login_by_key_is_told_that_a_password_would_do(by_password):
    with pytest.raises(LoginRefused, match="password") as caught:
        drain(probe(by_password("key")))
    assert "password" in caught.value.methods


def test_a_password_from_the_keyring(by_password, memory_keyring):
    address = by_password("keyring")
    with pytest.raises(LoginRefused):
        drain(probe(address))
    ssh.keep(address, "correct horse")
    assert steps(address)[1].python
    ssh.forget_secret(address)
    with pytest.raises(LoginRefused):
        drain(probe(address))


@pytest.fixture
def memory_keyring(monkeypatch):
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.kept = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield keyring.get_keyring()
    keyring.set_keyring(before)


# -------------------------------------------------------------------------- the way there


def test_an_alias_of_the_users_configuration(sshd, address, home, keys):
    (home / ".ssh" / "config").write_text(
        f"Host lab\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {user()}\n  IdentityFile {keys / 'mine'}\n"
    )
    trust(sshd)
    there = address(sshd, host="lab", port=None, user="", key="")
    assert steps(there)[1].login == f"{user()}@127.0.0.1, a key"
    assert ssh.aliases() == ["lab"]


@pytest.mark.parametrize("by", ["address", "configuration"])
def test_a_board_behind_a_jump_host(server, address, home, keys, by):
    gate, board = server("gate"), server("board")
    port = board.port
    if by == "configuration":
        (home / ".ssh" / "config").write_text(
            f"Host gate\n  HostName 127.0.0.1\n  Port {gate.port}\n  IdentityFile {keys / 'mine'}\n"
            f"Host board\n  HostName 127.0.0.1\n  ProxyJump gate\n"
        )
        there = address(board, host="board")
    else:
        (home / ".ssh" / "config").write_text(f"Host *\n  IdentityFile {keys / 'mine'}\n")
        there = address(board, jump=f"{user()}@127.0.0.1:{gate.port}")
    with pytest.raises(UnknownHost) as caught:
        drain(probe(there))
    assert caught.value.port == gate.port  # who stands on the way is asked about first
    ssh.trust(there, caught.value.key_line)
    with pytest.raises(UnknownHost) as caught:
        drain(probe(there))
    assert caught.value.port == port
    ssh.trust(there, caught.value.key_line)
    assert steps(there)[1].python
    assert "Accepted publickey" in gate.log
    assert at_work(gate) == []
    assert left_on(board) == []


def test_hosts_that_jump_through_one_another_have_no_end(home):
    (home / ".ssh" / "config").write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    with pytest.raises(BadInput, match="no end"):
        drain(probe(Address("board", "a")))


def test_an_old_server_is_reached_with_the_legacy_switch_only(server, trusted, tmp_path):
    """What OpenSSH 6.6 offers to an RSA key: SHA-1 signatures; here with SHA-1 in the exchange too."""
    rsa, host = make_key(tmp_path / "rsa", "rsa"), make_key(tmp_path / "rsa_host", "rsa")
    old = server(
        lets_in=(rsa,),
        host_key=host,
        options=[
            "HostKeyAlgorithms=ssh-rsa",
            "PubkeyAcceptedAlgorithms=ssh-rsa",
            "KexAlgorithms=diffie-hellman-group14-sha1",
        ],
    )
    with pytest.raises(Failed, match=r"older forms of SSH|while keys were exchanged") as caught:
        drain(probe(trusted(old, key=str(rsa))))
    assert "Legacy SSH" in caught.value.fix
    assert steps(trusted(old, key=str(rsa), legacy=True))[1].kind == "RSA"


def test_an_old_server_that_only_refuses_the_key_names_the_switch(server, trusted, tmp_path):
    rsa = make_key(tmp_path / "rsa", "rsa")
    old = server(lets_in=(rsa,), options=["PubkeyAcceptedAlgorithms=ssh-rsa"])
    with pytest.raises(LoginRefused) as caught:
        drain(probe(trusted(old, key=str(rsa))))
    assert "Legacy SSH" in caught.value.fix
    assert steps(trusted(old, key=str(rsa), legacy=True))[1].python


def test_nobody_at_that_address(keys):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens
        with pytest.raises(Failed, match=f"Nothing listens on port {held.getsockname()[1]}"):
            drain(probe(Address("board", "127.0.0.1", port=held.getsockname()[1])))


def test_a_name_that_nobody_has():
    with pytest.raises(Failed, match=r"No host named “board.invalid”"):
        drain(probe(Address("board", "board.invalid")))


@pytest.mark.parametrize(
    ("says", "words"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "closed the connection"), (None, "does not answer")]
)
def test_something_else_at_that_address(monkeypatch, says, words):
    monkeypatch.setattr(dial, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(dial, "LOGIN_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lines = []

        def serve():
            line, _ = listener.accept()
            lines.append(line)
            if says is not None:
                line.sendall(says)
                line.close()

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(Failed, match=words):
            drain(probe(Address("board", "127.0.0.1", port=listener.getsockname()[1])))
        for line in lines:
            line.close()


# --------------------------------------------------------------------- what is there


def test_a_board_without_that_python(sshd, trusted):
    with pytest.raises(Failed, match="“/nowhere/python3” does not start") as caught:
        drain(probe(trusted(sshd, python="/nowhere/python3")))
    assert "/nowhere/python3" in caught.value.evidence
    assert at_work(sshd) == []


def test_a_board_that_takes_no_files(server, trusted):
    with pytest.raises(Failed, match="no files over SFTP"):
        drain(probe(trusted(server(options=["Subsystem=other internal-sftp"]))))


def test_a_login_whose_scripts_do_not_end(server, trusted, monkeypatch):
    monkeypatch.setattr("devices.ssh.line.FIRST_WORD", 0.5)
    with pytest.raises(Failed, match="starts no Python within") as caught:
        drain(probe(trusted(server(options=["ForceCommand=sleep 600"]))))
    assert "login scripts" in caught.value.fix


def test_a_login_whose_scripts_greet(server, trusted, tmp_path):
    """As with an .bashrc that prints: what comes before the agent is no message."""
    sftp = next(
        (path for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server") if Path(path).exists()), ""
    )
    greet = tmp_path / "greet"
    greet.write_text(
        '#!/bin/sh\ncase "$SSH_ORIGINAL_COMMAND" in *sftp*) exec ' + sftp + ";; esac\n"
        'echo "Welcome to the board"; printf "no end of the line"; echo trouble >&2\necho\n'
        'exec sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    greet.chmod(0o755)
    sshd = server(options=[f"ForceCommand={greet}", f"Subsystem=sftp {sftp}"])
    assert steps(trusted(sshd))[1].facts.engines
    assert left_on(sshd) == []
