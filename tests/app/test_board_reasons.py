"""“No faster, because…” of boards: units that are not there, memory at its limit, clocks that held it back."""

from dataclasses import replace

import pytest

from app.board_reasons import moved_bytes
from app.facts import CandidateBorn, Profiled
from app.reasons import no_faster
from app.study import after
from profiler.measurement import DeviceFacts, LayerTiming, ProfileSettings

TX2 = DeviceFacts("tx2", model="NVIDIA Jetson TX2", power_mode="MAXN", clocks_locked=True)
TK1 = DeviceFacts("tk1", model="jetson-tk1")
NX = DeviceFacts("nx", model="NVIDIA Jetson Xavier NX Developer Kit")


@pytest.fixture
def ran(study, profile_of):
    """The study with A and B measured on a device: A in `before` ms, B in `now` ms, with these settings."""

    def make(device, before, now, then=None, **changed):
        settings = ProfileSettings(runs=4, warmup=1, **changed)
        first = profile_of(before, device=then or device, settings=settings)
        second = profile_of(now, device=device, settings=settings)
        return after(Profiled("B", device.name, second), after(Profiled("A", device.name, first), study))

    return make


def titles(study, letter, device):
    return [reason.title for reason in no_faster(study, letter, device)]


def test_int8_on_a_board_without_units_for_it(ran):
    said = titles(ran(TX2, 10.0, 10.0, engine="trtexec", precision="int8"), "B", "tx2")
    assert "B is no faster, because Jetson TX2 has no units for int8." in said
    said = titles(ran(NX, 10.0, 10.0, engine="trtexec", precision="int8"), "B", "nx")
    assert not any("int8" in title for title in said)  # Volta has them


def test_a_quantized_network_counts_as_int8(ran, lenet):
    found = ran(TX2, 10.0, 10.0)
    conv1 = replace(lenet.layers[0], op="QLinearConv")
    quantized = replace(found.candidates["B"], breakdown=replace(lenet, layers=(conv1, *lenet.layers[1:])))
    found = replace(found, candidates={**found.candidates, "B": quantized})
    assert "B is no faster, because Jetson TX2 has no units for int8." in titles(found, "B", "tx2")


def test_fp16_on_kepler(study, profile_of):
    """The same network in another precision has no parent to be held against: its own earlier profile is."""
    whole = profile_of(10.0, device=TK1, settings=ProfileSettings(engine="caffe-gpu"))
    half = profile_of(10.1, device=TK1, settings=ProfileSettings(engine="caffe-gpu", precision="fp16"))
    found = after(Profiled("A", "tk1", half), after(Profiled("A", "tk1", whole), study))
    assert titles(found, "A", "tk1")[0] == "A is no faster in fp16, because Jetson TK1 computes in fp32."
    faster = replace(half, latencies_ms=(6.0,))
    found = after(Profiled("A", "tk1", faster), after(Profiled("A", "tk1", whole), study))
    assert titles(found, "A", "tk1") == []


def test_bytes_that_must_move(lenet, profile_of):
    """ip1: 400,500 weights of 4 bytes, and 500 activations of 4 bytes an image."""
    one = profile_of(1, settings=ProfileSettings(batch=1))
    assert moved_bytes(("ip1",), lenet, one) == 4 * 400_500 + 4 * 500
    eight = profile_of(1, settings=ProfileSettings(batch=8, precision="fp16"))
    assert moved_bytes(("ip1",), lenet, eight) == (4 * 400_500 + 8 * 4 * 500) / 2
    assert moved_bytes(("conv1", "pool1"), lenet, one) == 4 * 520 + 4 * 20 * 12 * 12  # conv1's output stays on the chip
    assert moved_bytes(("reorder",), lenet, one) is None


@pytest.mark.parametrize(("microseconds", "said"), [(40.0, True), (200.0, False)])
def test_a_layer_at_the_limit_of_the_boards_memory(ran, profile_of, microseconds, said):
    """1,604,000 bytes in 40 µs are 40.1 GB/s, two thirds of a TX2's 59.7; in 200 µs they are 8."""
    found = ran(TX2, 1.0, 1.0)
    row = LayerTiming("ip1", ("ip1",), (microseconds,) * 3)
    slow = replace(found.candidates["B"].profiles["tx2"], layers=(row,))
    reasons = no_faster(after(Profiled("B", "tx2", slow), found), "B", "tx2")
    wait = [reason for reason in reasons if "memory of Jetson TX2" in reason.title]
    assert bool(wait) == said
    if said:
        assert wait[0].layer == "ip1"
        assert [reason.layer for reason in reasons].count("ip1") == 1  # said once, with the board’s own limit
        assert "1.60 MB in 40.0 µs: 40.1 GB/s of the 59.7 GB/s" in wait[0].text


def test_clocks_that_are_not_locked(ran):
    loose = replace(TX2, clocks_locked=False)
    (reason,) = [r for r in no_faster(ran(loose, 10.0, 10.0), "B", "tx2") if "not locked" in r.title]
    assert "sudo jetson_clocks" in reason.text
    unknown = replace(TX2, clocks_locked=None)
    assert not any("locked" in title for title in titles(ran(unknown, 10.0, 10.0), "B", "tx2"))


def test_throttling_and_another_power_mode(ran):
    hot = replace(TX2, throttling="thermal, 95 °C", power_mode="MAXQ")
    said = titles(ran(hot, 10.0, 10.0, then=TX2), "B", "tx2")
    assert "NVIDIA Jetson TX2 was throttled: thermal, 95 °C." in said
    assert "The power mode was MAXQ; it was MAXN before." in said
    assert not any("throttled" in title or "power mode" in title for title in titles(ran(hot, 10, 10), "B", "tx2"))


def test_nothing_is_said_where_it_is_faster(ran):
    assert no_faster(ran(replace(TX2, clocks_locked=False), 10.0, 5.0), "B", "tx2") == []


def test_a_candidate_that_ran_nowhere(study, lenet):
    assert no_faster(after(CandidateBorn("C", "A", "C", "x:y", "C.onnx", lenet, 10), study), "C", "tx2") == []
