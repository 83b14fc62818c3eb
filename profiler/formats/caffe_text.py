"""Protobuf's text form (https://protobuf.dev/reference/protobuf/textformat-spec), as far as a prototxt uses it.

No schema is needed: a message is names with their values, each with its line; what a value means is asked for by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

DEEPEST = 32  # messages inside messages; a prototxt has five
MOST_VALUES = 100_000  # the largest published networks have some ten thousand

WORD, NUMBER, STRING, MARK = "word", "number", "string", "mark"
_TOKEN = re.compile(
    r"(?P<word>-?[A-Za-z_]\w*)"
    r"|(?P<number>[-+]?(?:0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?))"
    r"""|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<mark>[{}<>:\[\],;])"
    r"|(?P<comment>\#.*)"
    r"|(?P<space>\s+)"
)
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_CLOSES = {"{": "}", "<": ">"}
_FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class Fault(Exception):
    """What is wrong with a Caffe network, as sentences without the file's name; `fix`: what to try."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


class Scalar(NamedTuple):
    """A value as it is written."""

    kind: str
    text: str
    line: int


class Message:
    """Names with their values, in the file's order. Each question raises Fault, with the line, when a value is unfit.

    A name that is not there answers with the default.
    """

    def __init__(self, line: int) -> None:
        self.line = line
        self.entries: dict[str, list[Scalar | Message]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def message(self, name: str) -> Message:
        """The one message of this name; an empty one when there is none."""
        found = self.messages(name)
        if len(found) > 1:
            raise Fault(f"Line {found[1].line} gives “{name}” a second time.")
        return found[0] if found else Message(self.line)

    def messages(self, name: str) -> list[Message]:
        found: list[Message] = []
        for entry in self.entries.get(name, ()):
            if not isinstance(entry, Message):
                raise Fault(f"Line {entry.line}: “{name}” must be followed by settings in braces.")
            found.append(entry)
        return found

    def integers(self, name: str) -> list[int]:
        return [_integer(name, value) for value in self._scalars(name)]

    def integer(self, name: str, default: int) -> int:
        value = self._one(name)
        return default if value is None else _integer(name, value)

    def numbers(self, name: str) -> list[float]:
        return [_number(name, value) for value in self._scalars(name)]

    def number(self, name: str, default: float) -> float:
        value = self._one(name)
        return default if value is None else _number(name, value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._one(name)
        if value is None:
            return default
        if value.text.lower() not in _FLAGS:
            raise _unfit(name, value, "true or false")
        return _FLAGS[value.text.lower()]

    def texts(self, name: str) -> list[str]:
        return [value.text for value in self._scalars(name)]

    def text(self, name: str, default: str = "") -> str:
        value = self._one(name)
        return default if value is None else value.text

    def choice(self, name: str, choices: Mapping[str, int]) -> str:
        """One of an enumeration's names, by name or number; the first is the default."""
        value = self._one(name)
        if value is None:
            return next(iter(choices))
        by_number = {str(number): choice for choice, number in choices.items()}
        if value.text not in choices and value.text not in by_number:
            raise _unfit(name, value, " or ".join(choices))
        return by_number.get(value.text, value.text)

    def unknown(self, known: Iterable[str]) -> Iterator[tuple[str, int]]:
        """The names that are not known, with their lines."""
        for name, values in self.entries.items():
            if name not in known:
                yield name, values[0].line

    def _scalars(self, name: str) -> list[Scalar]:
        found: list[Scalar] = []
        for entry in self.entries.get(name, ()):
            if isinstance(entry, Message):
                raise Fault(f"Line {entry.line}: “{name}” must be a single value.")
            found.append(entry)
        return found

    def _one(self, name: str) -> Scalar | None:
        found = self._scalars(name)
        if len(found) > 1:
            raise Fault(f"Line {found[1].line} gives “{name}” a second time.")
        return found[0] if found else None


def _unfit(name: str, value: Scalar, wanted: str) -> Fault:
    return Fault(f"Line {value.line}: “{name}” must be {wanted}, not “{shortened(value.text)}”.")


def shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _integer(name: str, value: Scalar) -> int:
    text = value.text
    if value.kind != NUMBER or len(text) > 24:
        raise _unfit(name, value, "a whole number")
    try:
        return int(text, 16 if "x" in text.lower() else 10)
    except ValueError:
        raise _unfit(name, value, "a whole number") from None


def _number(name: str, value: Scalar) -> float:
    try:
        number = float(value.text.rstrip("fF")) if value.kind == NUMBER else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 3.4e38:
        raise _unfit(name, value, "a number")
    return number


def parse(text: str) -> Message:
    """The message in a prototxt. Raises Fault with the line of what is no text form."""
    tokens = _Tokens(text)
    root = Message(1)
    opened: list[tuple[Message, str, str]] = [(root, "", "")]
    while (token := tokens.next()) is not None:
        message, closer, _ = opened[-1]
        if token.kind == MARK and token.text in (",", ";"):
            continue
        if token.kind == MARK and token.text == closer:
            opened.pop()
        elif token.kind == WORD:
            inner = _field(tokens, message, token)
            if inner is not None:
                opened.append((*inner, token.text))
            if len(opened) > DEEPEST:
                raise Fault(f"Line {token.line}: more than {DEEPEST} pairs of braces are open.")
        else:
            raise Fault(f"Line {token.line}: “{shortened(token.text)}” stands where a name should.")
    if len(opened) > 1:
        message, _, name = opened[-1]
        raise Fault(f"It is cut short: “{name}”, opened in line {message.line}, is not closed.", "Download it again.")
    return root


def _field(tokens: _Tokens, message: Message, name: Scalar) -> tuple[Message, str] | None:
    """Read what follows a name. A message that was opened, with its closing mark, or None."""
    entries = message.entries.setdefault(name.text, [])
    token = tokens.wanted(name)
    colon = token.kind == MARK and token.text == ":"
    if colon:
        token = tokens.wanted(name)
    if token.kind == MARK and token.text in _CLOSES:
        inner = Message(name.line)
        entries.append(inner)
        return inner, _CLOSES[token.text]
    if not colon:
        raise Fault(f"Line {name.line}: a colon or a brace is missing behind “{shortened(name.text)}”.")
    if token.kind != MARK:
        entries.append(tokens.joined(token))
    elif token.text == "[":
        _list(tokens, entries, name)
    else:
        raise Fault(f"Line {token.line}: “{shortened(name.text)}” has no value.")
    return None


def _list(tokens: _Tokens, entries: list[Scalar | Message], name: Scalar) -> None:
    """Values in square brackets, with commas between them."""
    while (token := tokens.wanted(name)).text != "]" or token.kind != MARK:
        if token.kind != MARK:
            entries.append(tokens.joined(token))
        elif token.text != ",":
            raise Fault(f"Line {token.line}: “{token.text}” stands inside the values of “{shortened(name.text)}”.")


class _Tokens:
    """The words, numbers, strings and marks of a text, one after the other. A string ends in the line it begins in."""

    def __init__(self, text: str) -> None:
        self._all = self._read(text)
        self._held: Scalar | None = None
        self._count = 0

    def _read(self, text: str) -> Iterator[Scalar]:
        for number, line in enumerate(text.split("\n"), 1):
            at = 0
            while at < len(line):
                match = _TOKEN.match(line, at)
                if match is None:
                    raise Fault(f"Line {number}: “{shortened(line[at:].strip())}” cannot be read.")
                at, kind = match.end(), match.lastgroup or ""
                if kind == STRING:
                    yield Scalar(kind, _unescaped(match.group()[1:-1]), number)
                elif kind not in ("space", "comment"):
                    yield Scalar(kind, match.group(), number)

    def next(self) -> Scalar | None:
        if self._held is not None:
            token, self._held = self._held, None
            return token
        self._count += 1
        if self._count > 4 * MOST_VALUES:
            raise Fault("It has too many values to be a network’s description.")
        return next(self._all, None)

    def wanted(self, name: Scalar) -> Scalar:
        token = self.next()
        if token is None:
            raise Fault(
                f"It is cut short: nothing follows “{shortened(name.text)}” in line {name.line}.", "Download it again."
            )
        return token

    def joined(self, first: Scalar) -> Scalar:
        """A value; strings that follow each other are one."""
        if first.kind != STRING:
            return first
        parts = [first.text]
        while (token := self.next()) is not None and token.kind == STRING:
            parts.append(token.text)
        self._held = token
        return Scalar(STRING, "".join(parts), first.line)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_escaped_byte, text.encode(errors="replace")).decode(errors="replace")


def _escaped_byte(match: re.Match[bytes]) -> bytes:
    what = match.group(1)
    if what[:1] == b"x" and len(what) > 1:
        return bytes([int(what[1:], 16)])
    if what[:1].isdigit() and what[:1] < b"8":
        return bytes([int(what, 8) & 0xFF])
    return _PLAIN.get(what, what)
