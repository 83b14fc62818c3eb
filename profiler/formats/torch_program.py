"""Exported programs (`.pt2`), examined and cleaned before torch sees them.

torch.export.load is not safe on a file of unknown origin, as torch 2.13 says of it and its source shows: weights and
constants marked `use_pickle` are loaded with weights_only=False, opaque objects with pickle.loads; example inputs
that weights_only=True refuses are loaded without it; size expressions go through sympy.sympify, which evals them; an
operator is any dotted name below `torch`; names of values, arguments and inputs become source text that is executed;
compiled parts are shared libraries. So only what a network is made of is taken over into a new archive: operators of
ATen, names that are names, sizes that are arithmetic, tensors as raw values. The rest is left out, or refused where the
network needs it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from keyword import iskeyword
from typing import Any, cast

import msgspec

LONGEST_JSON = 32_000_000  # bytes; a network of 3,000 operators takes some four million
MOST_PARTS = 600_000
DEEPEST = 60
LARGEST = 2**63
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,300}")
DOTTED = re.compile(r"[A-Za-z0-9_.]{0,500}")
KEY = re.compile(r"[A-Za-z0-9_.+\-]{1,500}")
SHORT_TEXT = re.compile(r"[A-Za-z0-9_,\->. ]{0,80}")
STACK = re.compile(r"[\w.,;<>()\[\]@' :\-]{0,4000}")
NOT_A_NUMBER = frozenset(("Infinity", "-Infinity", "NaN"))

OPERATOR = re.compile(r"torch\.ops\.(aten|prims)\.([A-Za-z0-9_]+)\.[A-Za-z0-9_]+")
CONTROL = frozenset(("torch.ops.higher_order.cond", "torch.ops.higher_order.wrap_with_set_grad_enabled"))
ARITHMETIC = re.compile(
    r"_operator\.(add|sub|mul|floordiv|truediv|mod|neg|pow|eq|ne|le|lt|ge|gt|getitem|and_|or_)"
    r"|torch\.sym_(int|float|not|max|min|ite|sqrt|sum)|math\.(ceil|floor|trunc|sqrt)"
)
TOUCHES_FILES = frozenset(("from_file", "save", "load"))
TAKES_TEXT = re.compile(  # a mode, a direction or an equation; elsewhere a text could be the name of a file
    r"conv[123]d|div_?|einsum|gelu_?|meshgrid|pad|searchsorted|scatter_reduce|index_reduce|linalg_(vector_|matrix_)?norm"
)
FUNCTION = re.compile(
    r"Symbol|Integer|Float|Rational|Add|Mul|Pow|Mod|Max|Min|FloorDiv|ModularIndexing|Where|PythonMod|CleanDiv|CeilDiv"
    r"|(Ceil|Floor|Trunc|Round)ToInt|TruncToFloat|RoundDecimal|ToFloat|LShift|RShift|PowByNatural|FloatPow|And|Or|Not"
    r"|(Float|Int)TrueDiv|Identity|Eq|Ne|Le|Lt|Ge|Gt|Equality|Unequality|(Strict)?(Less|Greater)Than"
    r"|[a-z]{1,3}\d+|oo"
)
ARITHMETIC_NODES = (
    ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.BinOp, ast.UnaryOp, ast.Compare,
    ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
LEFT_OUT: Mapping[str, Any] = {"guards_code": [], "treespec_namedtuple_fields": {}, "custom_obj_values": {}}
SCRIPTED = frozenset(("as_custom_obj", "custom_obj", "use_pickle"))


class ProgramTrouble(ValueError):
    """Something in the program that is not taken over; the text is a sentence that names it."""


def decoded(text: bytes) -> Any:
    """JSON of a bounded length. Raises ProgramTrouble."""
    if len(text) > LONGEST_JSON:
        raise ProgramTrouble(f"Its description is {len(text):,} bytes long.")
    try:
        if text.count(b"[") + text.count(b"{") > MOST_PARTS:
            raise ProgramTrouble("Its description has too many parts.")
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProgramTrouble(f"Its description is damaged: {error}.") from error


def cleaned(value: Any, key: str = "", depth: int = 0) -> Any:
    """The same description with only what is known to be harmless in it. Raises ProgramTrouble on anything else."""
    if depth > DEEPEST:
        raise ProgramTrouble("Its description is nested too deeply.")
    if isinstance(value, dict) and key not in CHECKS:
        return _cleaned_dict(cast("dict[str, Any]", value), key, depth)
    if key in CHECKS and key not in LISTS and not isinstance(value, str | int | float | None):
        raise ProgramTrouble(f"Its {key} is not what torch writes there.")
    if isinstance(value, list):
        return [cleaned(each, key, depth + 1) for each in cast("list[Any]", value)]
    if isinstance(value, str):
        _check_text(key, value)
        return value
    if isinstance(value, int | float) and not -LARGEST <= value < LARGEST:
        raise ProgramTrouble(f"It has the number {value}.")
    return cast("Any", value)


def _cleaned_dict(value: dict[str, Any], key: str, depth: int) -> dict[str, Any]:
    if key == "metadata":  # where each operator stood in the source; all but its module path is left out
        stack = value.get("nn_module_stack")
        return {"nn_module_stack": stack} if isinstance(stack, str) and STACK.fullmatch(stack) else {}
    if "target" in value and "inputs" in value:
        _check_operator(value)
    for name, part in value.items():
        if not KEY.fullmatch(name) and name != "":
            raise ProgramTrouble(f"It has the name “{name[:60]}”.")
        if name in SCRIPTED and part:
            raise ProgramTrouble("It holds pickled objects, which only the program that made them can read.")
    if key in ("device", "as_device"):
        return {"type": "cpu", "index": None}
    return {
        name: LEFT_OUT[name] if name in LEFT_OUT else cleaned(part, name, depth + 1) for name, part in value.items()
    }


class _Argument(msgspec.Struct):
    name: str
    arg: dict[str, Any]


def _check_operator(node: Mapping[str, Any]) -> None:
    """An operator of ATen or plain arithmetic; one that takes text only where that is a mode."""
    target = node["target"]
    _check_target(target if isinstance(target, str) else "?")
    found = OPERATOR.fullmatch(str(target))
    name = found.group(2) if found else ""
    try:
        arguments = msgspec.convert(node["inputs"], list[_Argument])
    except msgspec.ValidationError as error:
        raise ProgramTrouble(f"The arguments of its operator {target} are damaged.") from error
    for argument in arguments:
        given = argument.arg
        if ("as_string" in given or "as_strings" in given) and not TAKES_TEXT.fullmatch(name):
            raise ProgramTrouble(f"Its operator {target} is given a text, where none is known to be harmless.")
        if given.get("as_bool") is True and argument.name in ("train", "training"):
            raise TrainingMode("It was exported in training mode, in which BatchNorm and Dropout compute otherwise.")


class TrainingMode(ProgramTrouble):
    """What was exported is not what will run."""


def _check_target(target: str) -> None:
    found = OPERATOR.fullmatch(target)
    if (found and found.group(2) not in TOUCHES_FILES) or target in CONTROL or ARITHMETIC.fullmatch(target):
        return
    raise ProgramTrouble(f"It has the operator {target[:100]}, which is not one of torch’s own for networks.")


def _identifier(text: str) -> bool:
    return text == "" or (IDENTIFIER.fullmatch(text) is not None and not iskeyword(text))


def _argument(text: str) -> bool:
    return text == "" or IDENTIFIER.fullmatch(text) is not None


def _dotted(text: str) -> bool:
    return DOTTED.fullmatch(text) is not None


def _is_arithmetic(text: str) -> bool:
    """A size as sympy's srepr writes it: Mul(Integer(2), Symbol('s0', positive=True, integer=True))."""
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval"))) if len(text) <= 2000 else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    power = "Pow" in text or "**" in text
    for node in nodes:
        if not isinstance(node, ARITHMETIC_NODES):
            return False
        if isinstance(node, ast.Name) and not FUNCTION.fullmatch(node.id):
            return False
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Name):
            return False
        if isinstance(node, ast.Constant):
            number = isinstance(node.value, int | float) and abs(node.value) < (64 if power else LARGEST)
            if not number and not (isinstance(node.value, str) and re.fullmatch(r"-?[A-Za-z0-9_.]{1,60}", node.value)):
                return False
    return bool(nodes)


def _is_tree(text: str) -> bool:
    """How arguments are packed, as torch's pytree writes it: tuples, lists and dictionaries of plain keys."""
    try:
        version, tree = msgspec.json.decode(text.encode(), type=tuple[int, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return version == 1 and _is_branch(tree, 0)


def _is_branch(tree: Any, depth: int) -> bool:
    if not isinstance(tree, dict) or depth > DEEPEST:
        return False
    branch = cast("dict[str, Any]", tree)
    children = branch.get("children_spec", [])
    plain = branch.get("type") in (None, "builtins.tuple", "builtins.list", "builtins.dict")
    keys = branch.get("context")
    named = keys is None or (isinstance(keys, str) and re.fullmatch(r"null|\[[A-Za-z0-9_\", ]*\]", keys) is not None)
    return plain and named and isinstance(children, list) and all(
        _is_branch(child, depth + 1) for child in cast("list[Any]", children)
    )  # fmt: skip


LISTS = frozenset(("as_strings", "as_floats"))
CHECKS: Mapping[str, Callable[[str], bool]] = {
    "name": _argument,
    "target": _dotted,
    "as_operator": lambda text: OPERATOR.fullmatch(text) is not None or ARITHMETIC.fullmatch(text) is not None,
    "as_string": lambda text: SHORT_TEXT.fullmatch(text) is not None,
    "as_strings": lambda text: SHORT_TEXT.fullmatch(text) is not None,
    "expr_str": _is_arithmetic,
    "in_spec": _is_tree,
    "out_spec": _is_tree,
    "torch_version": lambda text: re.fullmatch(r"[\w.+<=\-]{0,60}", text) is not None,
    **dict.fromkeys(("as_float", "as_floats", "real", "imag"), lambda text: text in NOT_A_NUMBER),
    **dict.fromkeys(("parameter_name", "buffer_name", "tensor_constant_name", "fqn", "path_name"), _dotted),
}


def _check_text(key: str, text: str) -> None:
    if not CHECKS.get(key, _identifier)(text):
        raise ProgramTrouble(f"Its {key or 'description'} “{text[:60]}” is not what torch writes there.")
