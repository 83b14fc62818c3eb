"""What can stand between this computer and a board. Each survives a journey between processes with what it tells."""

from __future__ import annotations

from typing import Any, Literal

from profiler.errors import Failed

Wanted = Literal["", "password", "passphrase"]


class UnknownHost(Failed):
    """A board that was never met. `fingerprint` is its key's, in full; `key_line` is for `trust`."""

    def __init__(self, host: str, port: int, kind: str, fingerprint: str, key_line: str) -> None:
        self.host, self.port, self.kind, self.fingerprint, self.key_line = host, port, kind, fingerprint, key_line
        super().__init__(
            f"“{host}” has not been met before. Its {kind} key has the fingerprint {fingerprint}.",
            "Compare it with what the board itself says (ssh-keygen -lf on its key in /etc/ssh); "
            "trust it only if they are the same.",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.host, self.port, self.kind, self.fingerprint, self.key_line)


class ChangedHost(Failed):
    """A host that shows another key than the one that is trusted: another machine, set up anew, or someone between."""

    def __init__(self, host: str, port: int, kind: str, fingerprint: str, known_fingerprint: str, where: str) -> None:
        self.host, self.port, self.kind, self.fingerprint = host, port, kind, fingerprint
        self.known_fingerprint, self.where = known_fingerprint, where
        super().__init__(
            f"“{host}” shows another key than before: {kind} {fingerprint}, and not {known_fingerprint}.",
            f"If the board was set up anew, remove its old key ({where}) and connect again. "
            "If it was not, someone may be standing between you and it.",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.host, self.port, self.kind, self.fingerprint, self.known_fingerprint, self.where)


class LoginRefused(Failed):
    """The board was reached and lets nobody in. `methods`: what was tried; `wanted`: the secret that may be missing."""

    def __init__(self, what: str, fix: str, methods: tuple[str, ...] = (), wanted: Wanted = "") -> None:
        self.methods, self.wanted = methods, wanted
        super().__init__(what, fix)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.fix, self.methods, self.wanted)
