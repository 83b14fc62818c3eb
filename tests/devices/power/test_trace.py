"""From the monitor's samples and windows to traces; figures by hand."""

import pytest

from devices.power.live import Live
from devices.power.trace import watched

IDLE = [[0.0, 1.0], [4.0, 5.0]]
RUN = [[2.0, 3.0, 50]]


def said(source, samples):
    return [{"type": "sample", "source": source, "samples": samples}]


def steady(levels, period=0.1, stop=5.0):
    """An INA3221 whose VDD_IN has (until, milliwatts) levels, and a rail of the GPU at half of it."""
    count = round(stop / period)
    found = []
    for index in range(count + 1):
        seconds = index * period
        power = next(milliwatts for until, milliwatts in levels if seconds <= until + 1e-9)
        found.append([round(seconds, 6), {"VDD_IN": str(power), "VDD_GPU": str(power // 2)}, {"cpu_load": 0.5}])
    return found


def report(**changed):
    kept = {"source": "ina3221", "idle": IDLE, "runs": RUN, "marker": [], "epoch": 1000.0, "seconds": 5.0}
    return kept | {"cpu_s": 0.02, "source_cpu_s": 0.03, "problems": [], "unreadable": []} | changed


LEVELS = [(1.5, 2000), (3.5, 10000), (5.0, 3000)]


def test_energy_above_the_mean_of_both_idles():
    power = watched(said("ina3221", steady(LEVELS)), report(), "TX2").power
    assert (power.source, power.rail) == ("INA3221", "VDD_IN")
    assert (power.idle_watts, power.idle_after_watts, power.baseline_watts) == (2.0, 3.0, 2.5)
    assert power.mean_watts == pytest.approx(10.0)
    assert power.energy_mj == pytest.approx((10.0 - 2.5) * 1.0 * 1000 / 50)
    assert power.samples == 11
    assert power.monitor_cpu == pytest.approx((0.02 + 0.03) / 5)


def test_other_rails_are_shown_beside_it_and_never_added():
    power = watched(said("ina3221", steady(LEVELS)), report(), "TX2").power
    [rail] = power.rails
    assert rail.name == "VDD_GPU"
    assert rail.watts == pytest.approx([watts / 2 for watts in power.watts])


def test_the_board_is_traced_with_what_an_external_meter_will_need():
    board = watched(said("ina3221", steady(LEVELS)), report(marker=[[0.1, 0.2]]), "TX2").board
    assert set(board.series) == {"cpu_load"}
    assert set(board.series["cpu_load"]) == {0.5}
    assert (board.run_start, board.run_stop, board.inferences) == (2.0, 3.0, 50)
    assert board.idle == ((0.0, 1.0), (4.0, 5.0))
    assert (board.marker, board.epoch) == (((0.1, 0.2),), 1000.0)


def test_a_board_that_tells_nothing_has_its_windows_all_the_same():
    board = watched([], report(source=""), "TK1").board
    assert (board.seconds, board.series) == ((), {})
    assert (board.run_start, board.inferences, board.idle[0]) == (2.0, 50, (0.0, 1.0))


def test_a_line_cut_before_the_report_leaves_the_board_and_no_energy():
    found = watched(said("ina3221", steady(LEVELS)), None, "TX2")
    assert found.power is None
    assert (found.board.run_start, found.board.run_stop) == (0.0, 5.0)


def test_one_sample_in_the_run_is_no_energy_and_is_said():
    slow = [[0.0, {"VDD_IN": "2000"}, {}], [0.9, {"VDD_IN": "2000"}, {}], [2.5, {"VDD_IN": "9000"}, {}]]
    found = watched(said("ina3221", slow), report(), "TX2")
    assert found.power.energy_mj is None
    assert found.warnings == ("Only 1 sample of INA3221 fell into the run: energy is not measured. Run longer.",)


@pytest.mark.parametrize("silent", [(2.35, 2.75), (2.55, 5.0)])
def test_a_meter_that_falls_silent_in_the_run_measures_no_energy(silent):
    samples = [sample for sample in steady(LEVELS) if not silent[0] < sample[0] < silent[1]]
    found = watched(said("ina3221", samples), report(idle=IDLE[:1]), "TX2")
    assert found.power is None
    [warning] = found.warnings
    assert warning.startswith("INA3221 said nothing for 0.5 s of the run on TX2")
    assert found.board is not None


def test_few_samples_are_rough():
    found = watched(said("ina3221", steady(LEVELS, period=0.25)), report(), "TX2")
    assert found.power.samples == 5
    assert any("Only 5 samples" in warning for warning in found.warnings)


def test_no_sample_while_idle_is_no_energy():
    found = watched(said("ina3221", steady(LEVELS)), report(idle=[]), "TX2")
    assert found.power is None
    assert found.warnings == ("INA3221 told too little while TX2 idled: energy is not measured.",)


def test_rails_without_that_of_the_whole_board_are_named_and_not_summed():
    samples = [[index / 10, {"VDD_GPU_SOC": "2400 1000", "VDD_CPU_CV": "400 1000"}, {}] for index in range(51)]
    found = watched(said("ina3221", samples), report(), "Orin")
    assert found.power is None
    assert "VDD_CPU_CV, VDD_GPU_SOC" in found.warnings[0]
    assert "not summed" in found.warnings[0]


def test_a_hostile_board_is_reported_and_never_trusted():
    samples = steady(LEVELS)
    samples[22][1]["VDD_IN"] = "nan"
    samples[24][1]["VDD_IN"] = "-900000"
    samples[26][1]["VDD_IN"] = "9" * 400
    samples[28][1] = ["not", "rails"]
    found = watched(said("ina3221", samples), report(), "TX2")
    assert found.power.samples == 7
    assert found.power.mean_watts == pytest.approx(10.0)
    [warning] = found.warnings[-1:]
    assert warning.startswith("TX2 told values that cannot be, which were left out:")
    assert "“nan” for VDD_IN" in warning
    assert len(warning) < 400


def test_time_that_runs_backwards_is_left_out():
    samples = steady(LEVELS)
    samples[10][0] = 0.5
    found = watched(said("ina3221", samples), report(), "TX2")
    assert list(found.power.seconds) == sorted(set(found.power.seconds))
    assert "a time that runs backwards" in found.warnings[-1]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "sample", "source": "ouija", "samples": []},
        {"type": "sample", "source": "jtop", "samples": [[1.0]]},
        {"type": "sample", "source": "jtop", "samples": [["nan", {}, {}]]},
        {"type": "sample", "source": "jtop"},
    ],
)
def test_what_is_no_sample_message_is_refused(message):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Live().figures(message)


def test_why_a_source_could_not_be_read_is_said():
    told = report(source="", problems=[["jtop", "The jtop.service is not active."]], throttled="heat (3 times)")
    warnings = watched([], told, "TX2").warnings
    assert warnings[0] == "TX2’s power could not be read from jtop: The jtop.service is not active."
    assert warnings[1].startswith("TX2 was slowed down during the run by heat (3 times).")


def test_monitoring_that_costs_much_is_said():
    found = watched(said("ina3221", steady(LEVELS)), report(cpu_s=0.6), "TX2")
    assert "Reading INA3221 took 13 % of one core of TX2, which may slow the network." in found.warnings


def test_gpu_memory_of_the_process_is_the_most_that_was_seen():
    found = watched(said("ina3221", steady(LEVELS)), report(gpu_memory_kb=1000), "TX2")
    assert found.own_gpu_mb == pytest.approx(1.024)


def test_live_figures():
    figures = Live().figures(said("ina3221", steady(LEVELS)[:3])[0])
    assert figures == {"cpu_load": 0.5, "rail:VDD_IN": 2.0, "rail:VDD_GPU": 1.0, "power_w": 2.0}


def test_live_watts_of_a_counter_need_two_samples():
    live = Live()
    assert live.figures(said("rapl", [[0.0, {"package-0": ["0", "9000000"]}, {}]])[0]) == {}
    figures = live.figures(said("rapl", [[0.5, {"package-0": ["2000000", "9000000"]}, {}]])[0])
    assert figures == {"rail:package-0": 4.0, "power_w": 4.0}


def test_a_board_without_a_meter_has_live_figures_too():
    assert Live().figures(said("", [[0.1, {}, {"cpu_load": 0.25}]])[0]) == {"cpu_load": 0.25}
