"""What follows from measurements on boards, from the command line: battery, boards, imports, an external meter."""

import json

import pytest

from app.facts import Profiled, Swept
from app.report import files
from app.store import Store
from app.study import after
from profiler.measurement import BoardTrace, DeviceFacts, ProfileSettings
from profiler.power import PowerTrace, Rail
from profiler.sweep import Sweep, SweepPoint
from tests.app.test_report import Page

CAFFE = """I0101 00:00:00.000000  1 caffe.cpp:360] *** Benchmark begins ***
I0101 00:00:00.000000  1 caffe.cpp:397] Average time per layer:
I0101 00:00:00.000000  1 caffe.cpp:400]      conv1\tforward: 2.5 ms.
I0101 00:00:00.000000  1 caffe.cpp:406] Average Forward pass: 7 ms.
I0101 00:00:00.000000  1 caffe.cpp:412] *** Benchmark ends ***
"""


@pytest.fixture
def powered(profile_of):
    """A TX2 that draws 5 W over a run of 2 s with 40 inferences, 3 W before and after; 2 W of it on the GPU's rail."""
    trace = PowerTrace(
        "jtop", "VDD_IN", (0.0, 1.0, 2.0, 3.0, 4.0), (3.0, 5.0, 5.0, 5.0, 3.0), 3.0, 1.0, 3.0, 40, idle_after_watts=3.0,
        rails=(Rail("VDD_SYS_GPU", (0.5, 2.0, 2.0, None, 0.5)),), monitor_cpu=0.012,
    )  # fmt: skip
    device = DeviceFacts("tx2", model="NVIDIA Jetson TX2", clocks_locked=False, l4t="32.7.1", meters=("jtop",))
    return profile_of(50.0, power=trace, device=device)


@pytest.fixture
def measured(facts_of, powered):
    """The study's facts with A on the TX2, and swept there."""
    points = (SweepPoint(1, 1, (50.0,)), SweepPoint(8, 1, (200.0,)), SweepPoint(64, 1, refused="too little memory"))
    swept = Sweep("d" * 64, powered.device, ProfileSettings(), "2026-01-02T03:04:05Z", points)
    return [*facts_of(), Profiled("A", "tx2", powered), Swept("A", "tx2", swept)]


@pytest.fixture
def folder(tmp_path, measured):
    store = Store(tmp_path / "study")
    store.record(*measured)
    store.close()
    return tmp_path / "study"


def test_a_battery_from_what_the_study_knows(answer, run, folder):
    words = ("battery", "A", "--device", "tx2", "--study", folder, "--watt-hours", 31, "--per-hour", 3600)
    found = answer(*words)
    # 2 W · 2 s ÷ 40 = 100 mJ; one a second on 3 W idle: 3.1 W; 31 Wh ÷ 3.1 W = 10 h
    assert found["energy_mj"] == pytest.approx(100)
    assert (found["hours"], found["inferences"]) == (pytest.approx(10), pytest.approx(36_000))
    assert "10.0 h" in run(*words)[1]


def test_a_battery_without_energy_says_what_to_do(run):
    status, out, err = run("battery", "zoo:LeNet-5-digits", "--watt-hours", 10, "--runs", 3)
    if status == 0:
        pytest.skip("this computer has a meter that may be read")
    assert (status, out) == (1, "")
    assert "netbonsai meter" in err


def test_boards_side_by_side(answer, run, folder):
    tx2 = next(row for row in answer("boards", folder, "--candidate", "a")["boards"] if row["device"] == "tx2")
    assert tx2["images_per_second"] == pytest.approx(20)  # 1000 ÷ 50 ms
    assert tx2["images_per_second_per_usd"] == pytest.approx(20 / 599)
    assert tx2["images_per_second_per_watt"] == pytest.approx(4)  # 20 ÷ 5 W
    assert tx2["bandwidth_gb_s"] == 59.7
    out = run("boards", folder)[1]
    assert "NVIDIA Jetson TX2" in out
    assert "not known" in out  # nobody prints what this computer costs


def test_boards_as_they_are_printed(answer):
    told = {row["board"]: row for row in answer("boards")["boards"]}
    assert (told["tk1"]["price_usd"], told["tk1"]["fp16_gflops"]) == (192, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("boards", "nowhere"), "There is no study in “nowhere”."),
        (("meter", "zoo:LeNet-5", "m.csv", "--device", "cpu"), "--study DIR"),
        (("import-profile", "zoo:LeNet-5", "no.json", "--device", "tx2"), "There is no file “no.json”."),
        (("battery", "zoo:LeNet-5", "--watt-hours", "10", "--device", "tx9"), "no device named “tx9”"),
    ],
)
def test_what_cannot_be_is_said(run, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert said in err


def test_what_caffe_measured_is_imported_and_marked(answer, run, tmp_path):
    log, study = tmp_path / "tk1.log", tmp_path / "new"
    log.write_text(CAFFE)
    words = ("import-profile", "zoo:LeNet-5", log, "--device", "tk1-desk", "--study", study)
    found = answer(*words)
    assert found["device"]["name"] == "tk1-desk"
    assert "tk1.log" in found["imported"]
    assert (found["latencies_ms"], found["layers"][0]["median_us"]) == ([7.0], 2500)
    assert "7.00 ms ↧ median" in run(*words)[1]


def test_an_external_meter_gives_a_board_its_energy(answer, tmp_path, facts_of, profile_of):
    """3 W, and 7 W while 100 inferences run from 20 to 30 s: 4 W · 10 s ÷ 100 = 400 mJ. The file began 5 s later."""
    board = BoardTrace((0.0, 40.0), {}, 20.0, 30.0, inferences=100, idle=((10.0, 19.0), (31.0, 39.0)))
    store = Store(tmp_path / "study")
    store.record(*facts_of(), Profiled("A", "tk1", profile_of(100.0, board=board)))
    store.close()
    lines = [f"{second / 10},{7.0 if 15 <= second / 10 <= 25 else 3.0}" for second in range(350)]
    csv = tmp_path / "meter.csv"
    csv.write_text("time_s,power_w\n" + "\n".join(lines) + "\n")
    found = answer("meter", "A", csv, "--device", "tk1", "--study", tmp_path / "study", "--offset", "5")
    assert found["energy_mj"] == pytest.approx(400, rel=0.02)  # the samples beside the run's edges
    assert found["power"]["imported"] == "meter.csv"
    again = answer("battery", "A", "--device", "tk1", "--study", tmp_path / "study", "--watt-hours", "7")
    assert (again["imported"], again["hours"]) == (True, pytest.approx(1, rel=0.02))  # 7 Wh at 7 W


# ----------------------------------------------------------------------------- the report


def test_the_report_shows_the_power_of_a_run(folder, answer, tmp_path):
    answer("report", folder, "-o", tmp_path / "r.html")
    html = (tmp_path / "r.html").read_text()
    text = Page(html).text
    assert "100 mJ above idle: VDD_IN by jtop, 3 samples at 1.00 Hz" in text
    assert "Other rails, never summed VDD_SYS_GPU 2.00 W" in text
    assert "1.2 % of one core" in text
    assert "Power of VDD_IN over 4.0 seconds, the run tinted" in html
    assert "not locked" in text
    assert "32.7.1" in text
    rows = (tmp_path / "r-power.csv").read_text().splitlines()
    assert rows[0] == "letter,device,source,rail,seconds,watts,in_run"
    assert "A,tx2,jtop,VDD_IN,1.0,5.0,True" in rows
    assert "A,tx2,jtop,VDD_SYS_GPU,3.0,,True" in rows  # what a sample did not have is empty


def test_the_report_shows_sweeps_and_boards(folder, answer, tmp_path):
    answer("report", folder, "-o", tmp_path / "r.html")
    text = Page((tmp_path / "r.html").read_text()).text
    assert "Most images a second: 40.0 images/s with a batch of 8" in text  # 8 ÷ 0.2 s
    assert "too little memory" in text
    assert "0.0334" in text  # 20 images/s ÷ $599
    told = json.loads((tmp_path / "r.json").read_text())
    assert [point["refused"] for point in told["sweeps"][0]["points"]] == [None, None, "too little memory"]
    assert (tmp_path / "r-sweeps.csv").read_text().count("\n") == 4
    assert {row["device"] for row in told["candidates"][0]["boards"]} == {"cpu", "tx2"}


def test_the_report_marks_what_was_imported(study, profile_of, tmp_path):
    seen = profile_of(7.0, latencies_ms=(7.0,), imported="caffe time, tk1.log", device=DeviceFacts("tk1"))
    layers_only = profile_of(7.0, latencies_ms=(), imported="trtexec, p.json", device=DeviceFacts("nx"))
    found = after(Profiled("B", "nx", layers_only), after(Profiled("B", "tk1", seen), study))
    html = files(found, None, tmp_path / "r.html")[tmp_path / "r.html"].decode()
    text = Page(html).text
    assert "7.00 ms ↧" in text
    assert "imported from caffe time, tk1.log" in text
    assert "imported from trtexec, p.json" in text
    assert "nan" not in html


def test_the_report_says_how_long_the_battery_lasts(study, powered, tmp_path):
    from app.facts import BatteryChosen

    found = after(BatteryChosen(31.0, 3600), after(Profiled("A", "tx2", powered), study))
    text = Page(files(found, None, tmp_path / "r.html")[tmp_path / "r.html"].decode()).text
    assert "10.0 h, 36 k inferences on 31.0 Wh at 3,600 inferences an hour" in text.replace("36.0 k", "36 k")
    too_often = after(BatteryChosen(31.0, 100_000), found)
    text = Page(files(too_often, None, tmp_path / "r.html")[tmp_path / "r.html"].decode()).text
    assert "100,000 inferences an hour cannot be met." in text
