"""The text form of protobuf, as its specification has it (protobuf.dev/reference/protobuf/textformat-spec)."""

import pytest

from profiler.formats.caffe_text import Fault, parse


def test_all_ways_to_write_a_value():
    message = parse(
        """# a comment, then an empty line

        number: 12, hex: 0x1F; minus: -3 real: 1.5e-3 short: .5f whole: 2.
        yes: true no: FALSE one: 1
        word: MAX text: "a \\"b\\" \\n\\101\\x42 ä" joined: 'a' "b"
          'c'  # in three parts
        list: [1, 2, 3] again: 1 again: 2
        inner { deep < x: 1 > } inner: { x: 2 }
        """
    )
    assert [message.integer(name, 0) for name in ("number", "hex", "minus", "absent")] == [12, 31, -3, 0]
    assert [message.number(name, 9.0) for name in ("real", "short", "whole", "absent")] == [0.0015, 0.5, 2.0, 9.0]
    assert [message.flag(name, True) for name in ("yes", "no", "one", "absent")] == [True, False, True, True]
    assert message.text("text") == 'a "b" \nAB ä'
    assert message.text("joined") == "abc"
    assert message.integers("list") == [1, 2, 3]
    assert message.integers("again") == [1, 2]
    assert [inner.integer("x", 0) for inner in message.messages("inner")] == [0, 2]
    assert message.messages("inner")[0].message("deep").integer("x", 0) == 1
    assert message.choice("word", {"AVE": 1, "MAX": 0}) == "MAX"
    assert message.choice("one", {"MAX": 0, "AVE": 1}) == "AVE"
    assert message.choice("absent", {"MAX": 0, "AVE": 1}) == "MAX"


def test_lines_are_told():
    message = parse('a: 1\n\n# x\nb {\n  c: "x"\n}\n')
    assert message.message("b").line == 4
    assert list(message.message("b").unknown(["d"])) == [("c", 5)]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("a: 1.5", "integer", "must be a whole number, not “1.5”"),
        ("a: 1e5", "integer", "must be a whole number"),
        ('a: "3"', "integer", "must be a whole number"),
        ("a: " + "9" * 5000, "integer", "must be a whole number, not “999"),
        ("a: nan", "number", "must be a number"),
        ("a: -inf", "number", "must be a number"),
        ("a: 0x1F", "number", "must be a number"),
        ("a: maybe", "flag", "must be true or false"),
    ],
)
def test_values_that_are_something_else(text, name, words):
    message = parse(text)
    with pytest.raises(Fault) as raised:
        getattr(message, name)("a", 0)
    assert raised.value.reason.startswith("Line 1: “a” ")
    assert words in raised.value.reason
    assert len(raised.value.reason) < 150
