"""Passwords and passphrases that were typed, in memory and nowhere else: they end with the program."""

from __future__ import annotations

import threading

HIDDEN = "••••"
LEAST = 4  # letters: a shorter one would be found in any sentence


class Vault:
    """Device → its secret. It is never recorded, never logged, and struck out of what a device says."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._lock = threading.Lock()

    def put(self, device: str, secret: str) -> None:
        """Remember the secret of a device until the program ends; an empty one forgets it."""
        with self._lock:
            if secret:
                self._secrets[device] = secret
            else:
                self._secrets.pop(device, None)

    def drop(self, device: str) -> None:
        """Forget it, say after it was refused."""
        self.put(device, "")

    def has(self, device: str) -> bool:
        return self.get(device) is not None

    def get(self, device: str) -> str | None:
        with self._lock:
            return self._secrets.get(device)

    def redacted(self, text: str) -> str:
        """`text` without the secrets: for evidence that is kept, shown or copied into a report."""
        with self._lock:
            known = sorted(self._secrets.values(), key=len, reverse=True)
        for secret in known:
            if len(secret) >= LEAST:
                text = text.replace(secret, HIDDEN)
        return text

    def __repr__(self) -> str:
        return f"Vault({len(self._secrets)} secrets)"
