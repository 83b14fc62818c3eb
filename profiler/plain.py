"""Values as plain dictionaries and back: how a value crosses a process, a file or the command line."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")
PLAIN = frozenset({bool, int, float, str, bytes, type(None)})
MAPPINGS: tuple[type[Any], ...] = (dict, Mapping)  # the common one first: asking an abstract class is slow
SEVERAL: tuple[type[Any], ...] = (tuple, list, set, frozenset)


def to_plain(value: Any) -> Any:
    """A dataclass (nested too) as dictionaries, lists, numbers, strings and None."""
    return msgspec.to_builtins(value)


def from_plain(plain: Any, kind: type[T]) -> T:
    """The value of type `kind` that `to_plain` wrote. Unknown keys are ignored, so older programs read newer facts.

    Raises msgspec.ValidationError when a key is missing or has the wrong type.
    """
    value = msgspec.convert(plain, kind)
    _make_whole(value)
    return value


def to_json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def from_json(text: bytes | str, kind: type[T]) -> T:
    value = msgspec.json.decode(text, type=kind)
    _make_whole(value)
    return value


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """A dataclass's fields; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _make_whole(value: Any) -> None:
    """Give each dataclass in `value` its defaults as its own.

    msgspec leaves a field that was not written to the class, whose default it is: the value reads right, but msgspec
    itself would not write that field out again.
    """
    for each in _inside(value):
        if type(each) not in PLAIN:
            _make_whole(each)


def _inside(value: Any) -> Iterable[Any]:
    kind = cast("type[Any]", type(value))
    if names := _names(kind):
        own = cast("dict[str, Any]", value.__dict__)
        for name in names if len(own) < len(names) else ():
            if name not in own:
                object.__setattr__(value, name, getattr(value, name))
        return own.values()
    if issubclass(kind, MAPPINGS):
        return cast("Mapping[Any, Any]", value).values()
    return value if issubclass(kind, SEVERAL) else ()
