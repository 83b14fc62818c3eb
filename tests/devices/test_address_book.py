"""The address book: a file of a person's own, that never holds a password."""

import pytest

from devices.address_book import Address, AddressBook, Seen, config_folder
from devices.ssh import aliases
from devices.ssh.options import jumps
from profiler.errors import BadInput
from profiler.measurement import DeviceFacts

TX2 = Address(
    "tx2", "192.168.1.20", "nvidia", 2222, "~/.ssh/tx2", "gate", "python3.8", True, "keyring", "TX2 in the lab", "tx2"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NETBONSAI_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def test_it_begins_empty_and_keeps_what_was_saved(folder):
    book = AddressBook.load()
    assert config_folder() == folder
    assert book.addresses == ()
    book.add(TX2)
    book.add(Address("nano", "nano.local"))
    assert not folder.exists()
    book.save()
    assert AddressBook.load().addresses == (TX2, Address("nano", "nano.local"))
    assert (folder / "boards.toml").stat().st_mode & 0o777 == 0o600


def test_an_address_has_no_place_for_a_secret():
    assert {"password", "secret", "passphrase"}.isdisjoint(Address.__dataclass_fields__)


def test_names_are_found_whatever_their_case_and_taken_once():
    book = AddressBook.load()
    book.add(TX2)
    assert book.find("TX2 ") == TX2
    with pytest.raises(BadInput, match="already"):
        book.add(Address("Tx2", "elsewhere"))
    with pytest.raises(BadInput, match="There is no board named “nano”"):
        book.remove("nano")


def test_what_was_seen_follows_a_board_to_its_new_name_and_goes_with_it():
    book = AddressBook.load()
    book.add(TX2)
    facts = DeviceFacts("tx2", model="NVIDIA Jetson TX2", cores=6, meters=("jtop",))
    book.see("tx2", facts, "2026-01-01T00:00:00+00:00")
    assert AddressBook.load().seen == {}  # the book itself was not saved
    book.replace("TX2", Address("lab", "192.168.1.21"))
    book.save()
    assert AddressBook.load().seen == {"lab": Seen(facts, "2026-01-01T00:00:00+00:00")}
    book.remove("lab")
    book.add(Address("lab", "192.168.1.21"))
    assert book.seen == {}


def test_what_was_seen_and_is_spoilt_is_as_if_it_was_not(folder):
    book = AddressBook.load()
    book.add(TX2)
    book.see("tx2", DeviceFacts("tx2"), "2026")
    (folder / "seen" / "tx2.json").write_text("{")
    assert book.seen == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "cpu"},
        {"name": "../tx2"},
        {"name": "-tx2"},
        {"host": ""},
        {"host": "-oProxyCommand=touch x"},
        {"host": "a b"},
        {"user": "x'y"},
        {"port": 0},
        {"port": 70000},
        {"python": " "},
        {"jump": "-x"},
    ],
    ids=str,
)
def test_what_cannot_be_an_address(changed):
    with pytest.raises(BadInput):
        AddressBook.load().add(Address(**({"name": "tx2", "host": "tx2.local"} | changed)))


@pytest.mark.parametrize(
    "text", ["board = 7", "[[board]]\nname = 'x'", "[[board", "[[board]]\nname='x'\nhost='y'\nlogin='z'"]
)
def test_a_file_that_is_not_as_it_should_be_is_named(folder, text):
    folder.mkdir()
    (folder / "boards.toml").write_text(text)
    with pytest.raises(BadInput, match=r"boards\.toml"):
        AddressBook.load()


def test_settings_of_a_newer_program_are_no_fault(folder):
    folder.mkdir()
    (folder / "boards.toml").write_text('[[board]]\nname = "tx2"\nhost = "tx2.local"\nnew = 1\n')
    assert AddressBook.load().addresses == (Address("tx2", "tx2.local"),)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (TX2, "nvidia@192.168.1.20:2222"),
        (Address("a", "fe80::1", port=22), "[fe80::1]:22"),
        (Address("a", "lab"), "lab"),
    ],
)
def test_a_place_in_one_word(address, place):
    assert address.place == place


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("", []),
        ("none", []),
        ("gate", [("", "gate", None)]),
        ("me@gate:2222, ssh://you@[fe80::1]:23", [("me", "gate", 2222), ("you", "fe80::1", 23)]),
        ("fe80::1", [("", "fe80::1", None)]),
    ],
)
def test_jump_hosts(text, hops):
    assert [(hop.user, hop.host, hop.port) for hop in jumps(text)] == hops


@pytest.mark.parametrize("text", ["me@", "gate:ssh", ":22"])
def test_what_cannot_be_a_jump_host(text):
    with pytest.raises(BadInput):
        jumps(text)


def test_aliases_are_names_and_no_patterns(tmp_path):
    (tmp_path / "config.d").mkdir()
    (tmp_path / "config.d" / "lab").write_text("Host nano\n")
    config = tmp_path / "config"
    config.write_text(
        "Host tx2 tx2-lab *.local !bad\n  HostName 10.0.0.2\nhost=xavier\n"
        '# Host no\nInclude config.d/*\nHost "odd\nHost tx2\n'
    )
    assert aliases(config) == ["tx2", "tx2-lab", "xavier", "nano"]
    assert aliases(tmp_path / "nowhere") == []
