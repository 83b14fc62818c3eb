"""The report: complete, offline, escaped, and honest about what is not known."""

import csv
import errno
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from app import report
from app.facts import (
    CandidateBorn,
    Compared,
    DataChosen,
    Evaluated,
    Goal,
    GoalSet,
    Hidden,
    Profiled,
    Renamed,
    StudyNamed,
)
from app.report import svg
from app.study import after
from profiler.errors import BadInput, Failed
from profiler.measurement import Comparison, DeviceFacts, Load, ProfileSettings, Ratio
from profiler.power import PowerTrace


class Page(HTMLParser):
    """What a browser would make of the HTML: tags with attributes, and text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.texts))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)


def names(tag, page):
    return [attrs for name, attrs in page.tags if name == tag]


def test_names_are_escaped_wherever_they_stand(study, lenet, profile_of):
    evil = "<script>alert(1)</script>"
    layers = tuple(replace(layer, name=f"{layer.name}{evil}") for layer in lenet.layers)
    broken = replace(lenet, layers=layers, unknown_ops=(evil,), inputs={evil: (1, 1, 28, 28)})
    profile = profile_of(
        0.3,
        {f"conv1{evil}": 5.0},
        device=DeviceFacts(evil, model=evil, system=evil),
        load=Load(None, None, (evil,)),
    )
    ratio = Ratio("A", "C", 1.0, 0.9, 1.1, 0.95, "same")
    comparison = Comparison(("A", "C"), DeviceFacts(evil), ProfileSettings(), evil, ((1.0,) * 5,) * 2, (ratio,))
    for fact in (
        StudyNamed(evil),
        DataChosen(evil, evil, (evil,), {evil: 1}),
        CandidateBorn(
            "C", None, evil, "file:x", evil, broken, 5, ({"method": evil},), layer_nonzero={f"conv1{evil}": 3}
        ),
        Evaluated("C", evil, evil, 0.5, None, 1, 2),
        Profiled("C", evil, profile),
        Renamed("A", evil),
        Compared(("A", "C"), "cpu", comparison),
    ):
        study = after(fact, study)
    html = report.build(study, None)
    assert "<script" not in html
    page = Page(html)
    assert names("script", page) == []
    assert page.text.count(evil) > 10  # it is there, as text


def test_nothing_is_loaded_from_anywhere(study):
    html = report.build(study, None)
    page = Page(html)
    assert not re.search(r"https?://|url\(|@import|javascript:", html)
    assert [a for tag, a in page.tags if "src" in a or tag in ("script", "iframe", "link", "img", "object")] == []
    assert all(attrs["href"].startswith("#") for attrs in names("a", page))
    policy = next(a for a in names("meta", page) if a.get("http-equiv"))
    assert policy["content"].startswith("default-src 'none'")


def test_links_lead_to_parts_that_are_there(study):
    page = Page(report.build(study, None))
    there = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    linked = {attrs["href"][1:] for attrs in names("a", page)}
    assert linked == set(report.PARTS) - {"boards", "sweeps"} <= there  # one device, and no sweep


def test_the_drawings_are_well_formed_and_have_names(study):
    html = report.build(after(GoalSet(Goal(accuracy=0.97, latency_ms=0.3)), study), None)
    drawings = re.findall(r"<svg.*?</svg>", html, re.S)
    assert len(drawings) > 8
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.get("aria-label") or root.get("aria-hidden")
        assert "nan" not in drawing


def test_what_is_measured_stands_in_it(study, lenet):
    text = Page(report.build(study, None)).text
    for figure in (
        "98.0 %", "196 of 200, test", "97.5 %", "−0.5 ± 1.5 pt", "154 kB", "34.5 k", "8.0 %", "0.200 ms", "0.198 ms",
        "431,080", "2,293,000", "2,308,230", "4,586,000",  # parameters; MACs, + 15,230 bias additions, FLOPs
        "magnitude_pruning", "Clocks are not locked.", "11.2 ×",  # 1,726,000 ÷ 154,000
    ):  # fmt: skip
        assert figure in text, figure
    # 40 + 60 + 80 + 2 µs of 200 µs; the profiled pass took a tenth more
    assert "Layers 0.182 ms + unattributed 18.0 µs = end to end 0.200 ms." in text
    assert "Profiling itself: +10.0 %." in text


def test_digits_gained_and_lost_come_from_the_bitmaps(study, tmp_path):
    before, now = np.ones(200, bool), np.ones(200, bool)
    before[:4] = False
    now[2:7] = False  # gains 0 and 1, loses 4, 5 and 6
    for digest, right in (("1" * 64, before), ("2" * 64, now)):
        (tmp_path / digest).write_bytes(np.packbits(right).tobytes())
    assert "2 gained, 3 lost of 200 images" in Page(report.build(study, tmp_path)).text
    assert "gained, " not in Page(report.build(study, None)).text.replace("b gained", "")


def test_unknown_is_never_nought(study, lenet):
    bare = after(CandidateBorn("C", "A", "Bare", "object:c", "C.onnx", lenet, None), study)
    row = Page(report.build(bare, None, ["summary"])).text.partition("C Bare")[2].partition("±")[0]
    assert re.findall("not measured|2.29 M", row) == [*["not measured"] * 4, "2.29 M", "not measured"]
    assert "0" not in row.partition("A › C")[2]


def test_the_training_curve_is_of_the_validation_images(study):
    html = report.build(study, None, ["candidates"])
    curve = re.search(r'<polyline class="curve" points="([^"]+)"', html).group(1).split()
    drawing = next(d for d in re.findall(r"<svg.*?</svg>", html, re.S) if "validation images by epoch" in d)
    assert len(curve) == 2
    assert ">96.0<" in drawing  # not the 95 and 99 % of the training images
    assert ">97.0<" in drawing


def test_energy_names_its_rail_and_samples(study, profile_of):
    trace = PowerTrace("tegrastats", "VDD_IN", (0.0, 1.0, 2.0), (5.0, 5.0, 5.0), 3.0, 0.0, 2.0, 40)
    powered = after(Profiled("B", "cpu", profile_of(0.2, power=trace)), study)
    text = Page(report.build(powered, None, ["profiles"])).text
    assert "100 mJ above idle: VDD_IN by tegrastats, 3 samples at 1.00 Hz" in text  # 2 W · 2 s ÷ 40
    assert "5.00 W over the run, idle 3.00 W before" in text
    assert "not measured: this device has no meter that could be read" in text


def test_a_run_far_off_is_told_and_does_not_flatten_the_others(study, profile_of):
    slow = after(Profiled("B", "cpu", profile_of(1, latencies_ms=(1.0, 1.0, 1.1, 9.0))), study)
    html = report.build(slow, None, ["profiles"])
    assert "1 run beyond, the slowest 9.00 ms" in html
    drawings = [d for d in re.findall(r"<svg.*?</svg>", html, re.S) if "3 runs, median" in d]
    assert drawings[0].count('class="run"') == 3


def test_a_hidden_candidate_is_left_out(study):
    assert "Prune to 8 %" not in report.build(after(Hidden("B", True), study), None)


def test_parts_can_be_chosen(study):
    page = Page(report.build(study, None, ["tradeoff"]))
    assert [a["id"] for a in names("section", page)] == ["tradeoff"]
    with pytest.raises(BadInput, match="no part “weather”"):
        report.build(study, None, ["weather"])


def test_the_tables_beside_it(study, tmp_path):
    written = report.write(study, None, tmp_path / "r.html")
    assert [path.name for path in written] == [
        "r.html",
        "r.json",
        "r-latencies.csv",
        "r-layers.csv",
        "r-candidates.csv",
    ]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r-candidates.csv").read_text())))
    assert [(row["letter"], row["packed_bytes"], row["median_ms"], row["energy_mj"]) for row in rows] == [
        ("A", "1600000", "0.2", ""), ("B", "154000", "0.198", "")]  # fmt: skip
    assert len((tmp_path / "r-latencies.csv").read_text().splitlines()) == 1 + 2 * 4
    layers = list(csv.DictReader(io.StringIO((tmp_path / "r-layers.csv").read_text())))
    assert [row["macs"] for row in layers if row["letter"] == "A"] == ["288000", "0", "1600000", "0", "400000", "5000"]
    assert layers[0]["weight_shape"] == "20x1x5x5"
    whole = json.loads((tmp_path / "r.json").read_text())
    assert whole["candidates"][1]["nonzero_params"] == 34_486
    assert whole["candidates"][1]["profiles"]["cpu"]["power"] is None
    assert whole["candidates"][0]["breakdown"]["totals"]["conv_macs"] == 1_888_000


def test_a_spreadsheet_takes_no_name_for_a_formula(study, tmp_path):
    report.write(after(Renamed("B", "=cmd|'/c calc'!A1"), study), None, tmp_path / "r.html")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "r-candidates.csv").read_text())))
    assert rows[1]["title"] == "'=cmd|'/c calc'!A1"


def test_an_empty_study_has_no_report(tmp_path):
    from app.study import Study

    with pytest.raises(BadInput, match="nothing to report"):
        report.write(Study(), None, tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_fails_and_leaves_nothing_half_written(study, tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Failed, match="disk is full"):
        report.write(study, None, tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_the_colours_are_those_of_the_window():
    from importlib.resources import files

    from app.ui.theme import DARK, LIGHT

    css = files("app.report").joinpath("templates/report.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for theme, block in ((LIGHT, light), (DARK, dark.split("@media print")[0])):
        keys = ("window", "surface", "raised", "line", "grid", "text", "muted", "accent", "conv", "fc", "other", "good",
                "warn", "bad", "pareto")  # fmt: skip
        wanted = {key: getattr(theme, key) for key in keys} | {f"c{i}": c for i, c in enumerate(theme.candidates)}
        found = dict(re.findall(r"--([\w-]+): (#\w{6});", block))
        assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (54.1, 57.9, [55, 56, 57]), (0.18, 0.21, [0.18, 0.19, 0.2, 0.21]),
     (-1, 1, [-1, -0.5, 0, 0.5, 1])],
)  # fmt: skip
def test_ticks_are_round_and_few(low, high, expected):
    assert svg.ticks(low, high) == pytest.approx(expected)


def test_noise_is_not_blown_up_to_fill_a_plot():
    assert svg.bounds([0.200, 0.201], least=0.1) == pytest.approx((0.1505, 0.2505))
    assert svg.bounds([5.0]) == pytest.approx((4.5, 5.5))


def test_the_staircase_is_drawn_through_its_corners():
    marks = (svg.Mark(1, 50, "E", "", 0), svg.Mark(2, 60, "A", "", "baseline"))
    root = ElementTree.fromstring(svg.trade_off(svg.Plot("x", "y", marks, ((1, 50), (2, 50), (2, 60)))))
    stairs = next(line for line in root.iter("polyline") if line.get("class") == "stairs")
    corners = [tuple(map(float, pair.split(","))) for pair in stairs.get("points").split()]
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = corners
    assert (y1, x2, y3) == (y2, x3, y4)  # level, up, and level to the edge
    assert x1 < x2 < x4
    assert y3 < y2  # up is smaller in SVG
