"""Values as plain dictionaries and back: how a value crosses a process, a file or the command line."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A dataclass (nested too) as dictionaries, lists, numbers, strings and None."""
    return msgspec.to_builtins(value)


def from_plain(plain: Any, kind: type[T]) -> T:
    """The value of type `kind` that `to_plain` wrote. Unknown keys are ignored, so older programs read newer facts.

    Raises msgspec.ValidationError when a key is missing or has the wrong type.
    """
    return msgspec.convert(plain, kind)


def to_json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def from_json(text: bytes | str, kind: type[T]) -> T:
    return msgspec.json.decode(text, type=kind)
