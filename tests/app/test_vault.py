"""Passwords: in memory only, and struck out of whatever is said."""

from app.vault import HIDDEN, Vault


def test_a_secret_is_kept_until_it_is_dropped():
    vault = Vault()
    vault.put("tx2", "hunter22")
    assert vault.has("tx2")
    assert vault.get("tx2") == "hunter22"
    assert vault.get("tk1") is None
    vault.drop("tx2")
    assert not vault.has("tx2")
    vault.put("tx2", "hunter22")
    vault.put("tx2", "")
    assert not vault.has("tx2")


def test_what_is_said_has_no_secret_in_it():
    vault = Vault()
    vault.put("tx2", "hunter22")
    vault.put("tk1", "hunter22 and more")
    assert vault.redacted("login with hunter22 failed") == f"login with {HIDDEN} failed"
    assert vault.redacted("hunter22 and more") == HIDDEN  # the longer one whole, not half of it
    assert "hunter22" not in repr(vault)


def test_a_short_secret_does_not_spoil_every_sentence():
    vault = Vault()
    vault.put("tx2", "a")
    assert vault.redacted("a pass") == "a pass"
