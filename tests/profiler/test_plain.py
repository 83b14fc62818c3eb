"""Values that crossed as plain ones are whole: they can cross again."""

from dataclasses import dataclass, field

from profiler.plain import from_json, from_plain, to_json, to_plain


@dataclass(frozen=True)
class Part:
    name: str
    size: int = 3
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    part: Part
    others: tuple[Part, ...] = ()
    named: dict[str, Part] = field(default_factory=dict)
    note: str = "none"


WRITTEN = {
    "part": {"name": "a", "size": 3, "near": []},
    "others": [{"name": "b", "size": 3, "near": []}],
    "named": {"c": {"name": "c", "size": 3, "near": []}},
    "note": "none",
}
GIVEN = {"part": {"name": "a"}, "others": [{"name": "b"}], "named": {"c": {"name": "c"}}}


def test_fields_left_at_their_defaults_are_written_again():
    assert from_json(to_json(from_plain(GIVEN, Whole)), dict) == WRITTEN
    assert from_json(to_json(from_json(to_json(GIVEN), Whole)), dict) == WRITTEN
    assert to_plain(from_plain(GIVEN, Whole)).keys() == WRITTEN.keys()


def test_unknown_keys_are_passed_over():
    assert from_plain({"name": "a", "later": 1}, Part) == Part("a")
