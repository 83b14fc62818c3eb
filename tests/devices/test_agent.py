"""The agent's own small functions; values by hand."""

import pytest

from devices import agent


def test_busy_share_of_two_readings_of_proc_stat():
    assert agent.busy_share((100, 1000), (143, 1100)) == 0.43  # 43 of 100 ticks were work


@pytest.mark.parametrize(("before", "after"), [(None, (1, 2)), ((1, 2), None), ((5, 10), (5, 10))])
def test_busy_share_is_unknown_without_two_different_readings(before, after):
    assert agent.busy_share(before, after) is None


def test_ticks_count_neither_idle_nor_waiting_as_work(monkeypatch):
    # user nice system idle iowait irq softirq steal guest guest_nice: guest is in user already
    line = "cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 2 3 4 5 6 7 8 9 9"
    monkeypatch.setattr(agent, "quick", lambda _: line)
    assert agent.ticks() == (10 + 20 + 30 + 6 + 7 + 8, 531)


def test_private_memory_is_the_sum_of_private_pages():
    smaps = "Rss: 900 kB\nShared_Clean: 700 kB\nPrivate_Clean:  12 kB\nPrivate_Dirty:  30 kB\nPrivate_Hugetlb: 0 kB\n"
    assert agent.private_kilobytes(smaps) == 42


def test_field_reads_a_line_of_cpuinfo():
    assert agent.field("processor\t: 0\nmodel name\t: AMD EPYC 7543\n", "model name") == "AMD EPYC 7543"
    assert agent.field("processor\t: 0\n", "model name") == ""


@pytest.mark.parametrize(
    ("declared", "given", "batch", "shape"),
    [
        ([1, 3, 8, 8], None, 1, [1, 3, 8, 8]),
        (["N", 3, 8, 8], None, 4, [4, 3, 8, 8]),
        ([None, 3, "H", "W"], (1, 3, 32, 16), 2, [2, 3, 32, 16]),
        ([8, 3], None, 1, [8, 3]),  # a fixed batch is run as it is
        ([], None, 1, []),
    ],
)
def test_full_shape(declared, given, batch, shape):
    assert agent.full_shape("x", declared, given, batch) == shape


@pytest.mark.parametrize(
    ("declared", "batch", "words"), [(["N", 3, "H", 8], 1, "open sizes: N×3×H×8"), ([1, 3], 4, "fixed")]
)
def test_shapes_that_cannot_be_run_are_refused(declared, batch, words):
    with pytest.raises(agent.Refused, match=words):
        agent.full_shape("x", declared, None, batch)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_each_network_stands_equally_often_at_each_place(count):
    orders = [agent.turn(list(range(count)), number) for number in range(2 * count)]
    for place in range(count):
        assert sorted(order[place] for order in orders) == sorted(list(range(count)) * 2)


def test_two_networks_take_turns_so_that_a_steady_drift_cancels():
    assert [agent.turn(["A", "B"], number) for number in range(4)] == [["A", "B"], ["B", "A"], ["B", "A"], ["A", "B"]]


@pytest.mark.parametrize(
    ("latency_ms", "least", "runs"),
    [
        (4.0, 3, 5),
        (300.0, 3, 3),
        (0.01, 3, 200),
        (0.01, 500, 500),
    ],  # 20 ms at least, 200 runs at most, never below least
)
def test_runs_in_a_turn(latency_ms, least, runs):
    assert agent.runs_in_a_turn(latency_ms, least) == runs


def test_middle():
    assert agent.middle([3.0, 1.0, 2.0]) == 2.0
    assert agent.middle([4.0, 1.0, 2.0, 3.0]) == 2.5


@pytest.mark.parametrize(
    ("values", "quartile"), [([5.0], 5.0), ([4.0, 2.0], 2.5), ([9.0, 1.0, 5.0, 7.0, 3.0], 3.0), ([1.0, 2.0, 3.0], 1.5)]
)
def test_lower_quartile(values, quartile):
    assert agent.lower_quartile(values) == quartile


def event(name, ts, dur=5, **args):
    return {"cat": "Node", "name": name, "tid": 1, "ts": ts, "dur": dur, "args": args}


def test_kernel_events_leave_out_the_warm_up_and_what_nobody_reads():
    trace = [
        event("session_initialization", 0),
        event("conv1_kernel_time", 12, op_name="Conv", node_index="0", output_size="99"),
        event("model_run", 10),
        {**event("conv1_kernel_time", 22, 7, op_name="Conv", node_index="0", output_size="99"), "ph": "X"},
        event("SequentialExecutor::Execute", 21),
        event("model_run", 20),
    ]
    kept = agent.kernel_events(trace, 1)
    assert kept == [
        event("conv1_kernel_time", 22, 7, op_name="Conv", node_index="0"),
        event("model_run", 20),
    ]
