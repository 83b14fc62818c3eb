"""What torch.save wrote, read without running any of it and without torch.

A pickle is a program for a small stack machine, and its GLOBAL and REDUCE may call anything. Here nothing is called: a
name from outside a short list of torch's own is refused as soon as it is met. This is what torch.load admits with
`weights_only=True`, and less: that one takes what memory a file merely asks for (`bytearray(10**10)` is on its list),
copies the weights of older files, and needs torch, which takes seconds to import. Here a tensor becomes the place in
the file where its values lie.

Opcodes: the standard library's pickletools. What torch writes: torch/_utils.py and torch/serialization.py.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from profiler.formats.stored_tensor import DTYPES
from profiler.mapped import MappedFile

LONGEST = 16_000_000  # bytes of a pickle that only lists tensors
MOST_STEPS = 400_000  # a tensor takes some forty
MOST_MARKS = 1_000  # open at once
STORAGES: Mapping[str, str] = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "UntypedStorage": "uint8",
}  # fmt: skip
TENSORS = {("torch._utils", name) for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3")}
PARAMETERS = {("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state")}
DICTS = {("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "dict")}
# Met beside the weights in checkpoints: settings, counters, random states. They stand for themselves and do nothing.
INERT = {
    ("argparse", "Namespace"), ("collections", "Counter"), ("_codecs", "encode"), ("datetime", "datetime"),
    ("datetime", "timedelta"), ("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("torch", "Size"),
    ("torch", "device"), ("torch.serialization", "_get_layout"),
    *(("builtins", name) for name in ("set", "frozenset", "list", "tuple", "int", "float", "bool", "str", "complex")),
    *((module, name) for module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
      for name in ("scalar", "dtype", "ndarray", "_reconstruct")),
}  # fmt: skip
ADMITTED = TENSORS | PARAMETERS | DICTS | INERT


class PickleTrouble(ValueError):
    """Not what torch.save writes; the text is a sentence that says why."""


class PickledProgram(PickleTrouble):
    """The pickle asks for something outside torch's tensors. `asked` is its dotted name."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"It asks for {asked}.")
        self.asked = asked


@dataclass(frozen=True)
class Name:
    """A name that a pickle asks for: a symbol, never the thing."""

    module: str
    name: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.module.replace("__builtin__", "builtins"), self.name


@dataclass(frozen=True)
class Storage:
    """`count` values of `dtype` under a key of the container."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class Claim:
    """A tensor as the pickle has it, before its storage is looked for."""

    storage: Storage
    dtype: str
    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Opaque:
    """Something beside the weights that is of no use here: it stands in its place and does nothing."""


OPAQUE = Opaque()


@dataclass
class Machine:
    """Runs one pickle after the other over the same file: pushes values, calls nothing."""

    file: MappedFile
    storages: dict[str, Storage] = field(default_factory=dict[str, Storage])
    stack: list[Any] = field(default_factory=list[Any])
    marks: list[list[Any]] = field(default_factory=list[list[Any]])
    memo: dict[int, Any] = field(default_factory=dict[int, Any])

    def run(self, start: int, stop: int) -> tuple[Any, int]:
        """The pickle's value and where it ends. Raises PickleTrouble."""
        self.stack, self.marks, self.memo = [], [], {}
        try:
            for name, argument, at in self._steps(start, stop):
                if name == "STOP":
                    return self.stack.pop(), at + 1
                self._step(name, argument)
        except (IndexError, KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, PickleTrouble):
                raise
            raise PickleTrouble("Its pickle is damaged.") from error
        raise PickleTrouble("It is cut short: its pickle has no end.")

    def _steps(self, start: int, stop: int) -> Iterator[tuple[str, Any, int]]:
        stream: Any = self.file.data
        stream.seek(start)
        for count, (code, argument, at) in enumerate(pickletools.genops(stream)):
            if at is None or at >= stop:
                raise PickleTrouble("It is cut short: its pickle has no end.")
            if count > MOST_STEPS or at - start > LONGEST:
                raise PickleTrouble("Its pickle is too long to be a list of weights.")
            yield code.name, argument, at

    def _step(self, name: str, argument: Any) -> None:
        if name in PUSHES:
            self.stack.append(argument)
        elif name in MAKES:
            self.stack.append(MAKES[name]())
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[int(argument)] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memo[int(argument)])
        elif name in DOES:
            DOES[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise PickleTrouble(f"Its pickle has the instruction {name}, which torch never writes.")

    def popped(self) -> list[Any]:
        """What lies above the last mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self, _: Any) -> None:
        if len(self.marks) >= MOST_MARKS:
            raise PickleTrouble("Its pickle is nested too deeply.")
        self.marks.append(self.stack)
        self.stack = []

    def memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.popped()

    def tuple_of(self, count: int | None) -> None:
        items = self.popped() if count is None else [self.stack.pop() for _ in range(count)][::-1]
        self.stack.append(tuple(items))

    def list_of(self, _: Any) -> None:
        items = self.popped()
        self.stack.append(items)

    def append(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            cast("list[Any]", target).extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, dict):
            cast("dict[str, Any]", target).update(_named(zip(items[::2], items[1::2], strict=True)))

    def name(self, text: str) -> None:
        module, _, name = text.partition(" ")
        self._admit(Name(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._admit(Name(str(module), str(name)))

    def _admit(self, asked: Name) -> None:
        of_torch = asked.module in ("torch", "torch.storage") and (asked.name in STORAGES or asked.name in DTYPES)
        if asked.pair not in ADMITTED and not of_torch:
            raise PickledProgram(f"{asked.module}.{asked.name}"[:200])
        self.stack.append(asked)

    def reduce(self, _: Any) -> None:
        """A call, of which only what it would make of tensors and dictionaries is made."""
        given, callee = self.stack.pop(), self.stack.pop()
        self.stack.append(self._called(callee.pair, given) if isinstance(callee, Name) else OPAQUE)

    def _called(self, callee: tuple[str, str], given: tuple[Any, ...]) -> Any:
        if callee in TENSORS:
            return _claim(callee[1], given)
        if callee in PARAMETERS:
            return given[0]
        if callee in DICTS:
            return _named(cast("list[Any]", given[0]) if given and isinstance(given[0], list) else ())
        return OPAQUE

    def persistent(self, _: Any) -> None:
        """("storage", type, key, where it was, count[, view]): what torch.save writes for a storage."""
        kind, of, key, _place, count, *view = self.stack.pop()
        if kind != "storage" or not isinstance(of, Name) or not isinstance(count, int) or count < 0:
            raise PickleTrouble("Its storages are damaged.")
        if any(part is not None for part in view):
            raise PickleTrouble("It has storages that are parts of others, as torch 0.3 wrote them.")
        storage = Storage(str(key), STORAGES[of.name], count)
        if self.storages.setdefault(storage.key, storage) != storage:
            raise PickleTrouble("Its storages are damaged.")
        self.stack.append(storage)


def _named(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Weights have names. Other keys are left out: hashing a deeply shared tuple alone may take for ever."""
    return {key: value for key, value in pairs if isinstance(key, str)}


def _claim(kind: str, given: tuple[Any, ...]) -> Claim:
    storage, first, shape, strides, *rest = given
    if not isinstance(storage, Storage) or not isinstance(first, int):
        raise PickleTrouble("Its tensors are damaged.")
    dtype = storage.dtype
    if kind == "_rebuild_tensor_v3":  # an untyped storage, and the type behind the hooks
        named = rest[2]
        dtype = named.name if isinstance(named, Name) and named.name in DTYPES else ""
        if not dtype:
            raise PickleTrouble("It has tensors of a type that is not read here.")
    sizes = [*shape, *strides]
    if any(type(size) is not int for size in sizes):
        raise PickleTrouble("Its tensors are damaged.")
    return Claim(storage, dtype, first, tuple(shape), tuple(strides))


NUMBERS = ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
TEXTS = ("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING")
BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
PUSHES = frozenset((*NUMBERS, *TEXTS, *BYTES))
MAKES: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": Opaque,
}  # fmt: skip
DOES: Mapping[str, Callable[[Machine, Any], object]] = {
    "MARK": Machine.mark,
    "MEMOIZE": Machine.memoize,
    "POP": Machine.pop,
    "POP_MARK": lambda machine, _: machine.popped(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.tuple_of(None),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "LIST": Machine.list_of,
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.popped()),
    "SETITEM": lambda machine, _: machine.set_items([machine.stack.pop(-2), machine.stack.pop()]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.popped()),
    "ADDITEMS": lambda machine, _: machine.popped(),
    "FROZENSET": Machine.list_of,
    "GLOBAL": Machine.name,
    "STACK_GLOBAL": Machine.stack_name,
    "REDUCE": Machine.reduce,
    "NEWOBJ": Machine.reduce,
    "BUILD": lambda machine, _: machine.stack.pop(),
    "BINPERSID": Machine.persistent,
}
