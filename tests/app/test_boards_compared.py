"""What is printed of boards, and the same candidate on several of them."""

import re
from dataclasses import replace

import pytest

from app.board_facts import FIGURES, board_of, boards
from app.board_story import board_rows
from app.facts import Profiled
from app.study import after
from profiler.measurement import DeviceFacts, ProfileSettings
from profiler.power import PowerTrace


def on(name, model="", **more):
    return DeviceFacts(name, model=model, **more)


def powered(watts, source="jtop", **more):
    """Constant over a run of 2 s with 40 inferences, 3 W idle."""
    return PowerTrace(source, "VDD_IN", (0.0, 1.0, 2.0), (watts,) * 3, 3.0, 0.0, 2.0, 40, **more)


@pytest.mark.parametrize("key", boards())
def test_peaks_follow_from_cores_and_clocks(key):
    """CUDA cores × 2 × GHz in fp32; tensor cores × FLOPs a clock × GHz, or twice fp32, in fp16."""
    board = boards()[key]
    assert board.fp32_gflops == pytest.approx(2 * board.cuda_cores * board.gpu_ghz, rel=0.005)
    tensor = board.tensor_cores * board.tensor_fp16_flops * board.gpu_ghz
    fp16 = tensor or 2 * board.fp32_gflops
    assert board.fp16_gflops == (pytest.approx(fp16, rel=0.005) if board.fast_fp16 else None)


@pytest.mark.parametrize("key", boards())
def test_every_figure_has_its_source_and_every_price_its_month(key):
    board = boards()[key]
    known = {figure for figure in FIGURES if getattr(board, figure) is not None}
    assert {figure for figure, source in board.sources.items() if source} == known
    assert known >= set(FIGURES) - {"price_usd", "fp16_gflops"}
    if board.price_usd is not None:
        assert re.search(r"\(20\d\d-\d\d\)$", board.sources["price_usd"])


def test_what_was_not_found_in_print_is_not_known():
    assert boards()["tx1"].price_usd is None


@pytest.mark.parametrize(
    ("key", "bits", "mhz"),
    [
        ("tk1", 64, 933),
        ("tx1", 64, 1600),
        ("tx2", 128, 1866),
        ("nano", 64, 1600),
        ("xavier_nx", 128, 1866),
        ("orin_nano", 128, 2133),
        ("orin_nano_super", 128, 3199),
    ],
)
def test_bandwidth_follows_from_width_and_clock(key, bits, mhz):
    """Two transfers a clock: bits ÷ 8 × 2 × MHz."""
    assert boards()[key].bandwidth_gb_s == pytest.approx(bits / 8 * 2 * mhz / 1000, rel=0.002)


def test_the_lectures_prices():
    assert (boards()["tk1"].price_usd, boards()["tx2"].price_usd) == (192, 599)
    assert all("ecture" in boards()[key].sources["price_usd"] for key in ("tk1", "tx2"))


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("NVIDIA Jetson TX2 Developer Kit", "tx2"),
        ("quill", "tx2"),
        ("NVIDIA Jetson TX2 NX Developer Kit", None),  # another board
        ("NVIDIA Tegra124 Jetson TK1", "tk1"),
        ("NVIDIA Jetson Nano Developer Kit", "nano"),
        ("NVIDIA Jetson Orin Nano Developer Kit", "orin_nano"),
        ("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", "orin_nano_super"),
        ("NVIDIA Jetson Xavier NX Developer Kit", "xavier_nx"),
        ("Raspberry Pi 4 Model B", None),
        ("", None),
    ],
)
def test_a_board_is_known_by_what_it_says(model, key):
    found = board_of(on("x", model))
    assert (found.key if found else None) == key


def test_a_board_whose_owner_says_what_it_is():
    assert board_of(on("x", "custom carrier"), "tx2").key == "tx2"


@pytest.fixture
def road(study, profile_of):
    """A on a TX2 in TensorRT fp16 (2 ms, 5 W), on a TK1 without a meter (10 ms), and here."""
    tx2 = profile_of(2.0, device=on("tx2", "NVIDIA Jetson TX2"), power=powered(5.0),
                     settings=ProfileSettings(engine="trtexec", precision="fp16"))  # fmt: skip
    tk1 = profile_of(10.0, device=on("tk1", "jetson-tk1"), settings=ProfileSettings(engine="caffe-gpu"))
    return after(Profiled("A", "tk1", tk1), after(Profiled("A", "tx2", tx2), study))


def test_frames_by_price_and_by_watt(road):
    rows = {row.device: row for row in board_rows(road, "A")}
    tx2, tk1, here = rows["tx2"], rows["tk1"], rows["cpu"]
    assert tx2.fps == pytest.approx(500)  # 1000 ÷ 2 ms
    assert tx2.fps_per_dollar == pytest.approx(500 / 599)
    assert tx2.fps_per_watt == pytest.approx(100)  # 500 ÷ 5 W
    assert tx2.energy_mj == pytest.approx(100)  # 2 W · 2 s ÷ 40
    # 2 · 2,293,000 MACs · 500 a second = 2.293 GFLOPS of 1331 in fp16
    assert tx2.efficiency == pytest.approx(2.293 / 1331)
    assert tk1.fps_per_dollar == pytest.approx(100 / 192)
    assert tk1.efficiency == pytest.approx(2 * 2_293_000 * 100 / 326e9)
    assert (tk1.watts, tk1.fps_per_watt, tk1.energy_mj) == (None, None, None)
    assert (here.price_usd, here.fps_per_dollar, here.peak_gflops, here.efficiency) == (None, None, None, None)
    assert [row.device for row in board_rows(road, "A")] == ["cpu", "tx2", "tk1"]  # 0.2 ms, 2 ms, 10 ms


def test_where_each_figure_is_from(road):
    tx2 = next(row for row in board_rows(road, "A") if row.device == "tx2")
    assert tx2.sources["watts"] == "Measured by jtop on VDD_IN, mean over the run"
    assert "fp32" in tx2.sources["peak_gflops"]  # “twice fp32”: the fp16 figure's source
    assert "2019-03" in tx2.sources["price_usd"]


def test_a_processors_engine_is_not_held_against_the_gpu(road, profile_of):
    on_cpu = after(Profiled("A", "tx2", profile_of(20.0, device=on("tx2", "NVIDIA Jetson TX2"))), road)
    row = next(row for row in board_rows(on_cpu, "A") if row.device == "tx2")
    assert row.peak_gflops == 666
    assert row.efficiency is None


def test_an_imported_profile_is_marked_and_finds_its_board(road, profile_of):
    """Another tool does not say on which model it ran; the study knows the device from what was measured there."""
    seen = profile_of(3.0, device=on("tx2"), imported="trtexec, times.json", power=powered(4.0, imported="meter.csv"))
    row = next(r for r in board_rows(after(Profiled("B", "tx2", seen), road), "B") if r.device == "tx2")
    assert (row.imported, row.price_usd) == ("trtexec, times.json", 599)
    assert row.sources["median_ms"] == "Imported from trtexec, times.json"
    assert row.sources["watts"] == "External meter, meter.csv, mean over the run"


def test_a_device_of_which_only_the_name_is_known(study, profile_of):
    seen = profile_of(3.0, device=on("Jetson TK1"), imported="caffe time, tk1.log")
    row = board_rows(after(Profiled("B", "Jetson TK1", seen), study), "B")[-1]
    assert (row.board, row.price_usd) == ("Jetson TK1", 192)
    assert row.sources["price_usd"].endswith("taking the device for Jetson TK1 by its name, “Jetson TK1”")


def test_layers_without_a_latency_have_no_frames(study, profile_of):
    rows = board_rows(
        after(Profiled("A", "tx2", profile_of(1, latencies_ms=(), imported="trtexec, p.json")), study), "A"
    )
    assert (rows[-1].device, rows[-1].fps, rows[-1].median_ms) == ("tx2", None, None)


def test_a_batch_counts_its_images(road):
    row = road.candidates["A"].profiles["tx2"]
    eight = replace(row, settings=replace(row.settings, batch=8))
    found = next(r for r in board_rows(after(Profiled("A", "tx2", eight), road), "A") if r.device == "tx2")
    assert found.fps == pytest.approx(4000)
