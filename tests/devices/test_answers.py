"""What the agent said, as values; by hand."""

import pytest

from devices import answers
from devices.session import one
from profiler.errors import Failed
from profiler.measurement import DeviceFacts, ProfileSettings

FACTS = DeviceFacts("cpu", cores=2)


def warnings(result, threads=1):
    found = answers.load(result, "This computer", FACTS, ProfileSettings(threads=threads))
    return found.warnings


def test_a_busy_computer_is_told():
    assert warnings({"load": {"before": 0.43, "after": 0.02}}) == (
        "This computer was busy before the run: 43 % of its cores were at work. "
        "Stop what else runs there, or compare only interleaved runs.",
    )


def test_an_unknown_load_is_no_warning():
    assert warnings({"load": {"before": None, "after": None}}) == ()


def test_too_many_threads_are_told():
    quiet = {"load": {"before": 0.0, "after": 0.0}}
    assert warnings(quiet, threads=4) == ("4 threads were asked for; this computer has 2 cores.",)
    assert warnings(quiet, threads=2) == ()


def test_the_hello_becomes_the_facts():
    hello = {"type": "hello", "facts": {"cpu": "Cortex-A57", "cores": 4}, "engines": {"onnxruntime": "1.10.0"}}
    facts = answers.device_facts([hello], "tx2")
    assert facts == DeviceFacts("tx2", cpu="Cortex-A57", cores=4, engines={"onnxruntime": "1.10.0"})


def test_a_comparison_sets_each_network_beside_the_first():
    result = {
        "type": "result",
        "rounds_ms": [[4.0] * 6, [2.0] * 6, [8.0] * 6],
        "load": {"before": 0.0, "after": 0.0},
    }
    compared = answers.comparison(
        [result],
        device=FACTS,
        title="This computer",
        labels="ABC",
        settings=ProfileSettings(),
        at="2026-01-01T00:00:00",
    )
    assert [(r.a, r.b, pytest.approx(r.ratio), r.verdict) for r in compared.ratios] == [
        ("A", "B", 2.0, "faster"),
        ("A", "C", 0.5, "slower"),
    ]


def test_a_message_that_was_never_said():
    with pytest.raises(Failed, match="without saying its result"):
        one([{"type": "hello"}], "result")
