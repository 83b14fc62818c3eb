"""Profiles by `caffe time`, here a small program that prints what the real one prints; and the prototxt it is given."""

import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from devices.boards.this_computer import ThisComputer
from devices.engines.prototxt import prototxt
from profiler import zoo
from profiler.breakdown import breakdown
from profiler.errors import BadInput, Failed
from profiler.formats.caffe import read_caffe
from profiler.measurement import ProfileSettings
from profiler.network import save
from profiler.progress import drain
from profiler.trace import outline
from tests.devices import programs

FEW = ProfileSettings(runs=6, warmup=2, engine="caffe")
LECTURE = ["LeNet-5", "AlexNet", "VGG-F", "VGG-M", "VGG-S", "GoogLeNet", "NIN", "SqueezeNet-1.1", "ResNet-8"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    programs.caffe(folder)
    return folder


def zoo_file(name: str, folder: Path) -> Path:
    path = folder / f"{name}.onnx"
    save(zoo.build(name), path)
    return path


@pytest.mark.parametrize("name", LECTURE)
def test_the_prototxt_counts_what_the_network_counts(name, tmp_path):
    """Read back by the program's own reader of Caffe files: the same work, weights and result."""
    path = zoo_file(name, tmp_path)
    written = tmp_path / "written.prototxt"
    written.write_text(prototxt(path))
    first, again = breakdown(zoo.build(name)), breakdown(read_caffe(written))
    for what in ("macs", "params"):
        assert [n for layer in first.layers if (n := getattr(layer, what))] == [
            n for layer in again.layers if (n := getattr(layer, what))
        ]
    assert first.layers[-1].output_shape == again.layers[-1].output_shape
    assert {layer.name for layer in again.layers} <= {layer.name for layer in first.layers}


@pytest.mark.parametrize("name", ["LeNet-5", "AlexNet", "GoogLeNet"])
def test_another_reader_of_caffe_takes_the_prototxt(name, tmp_path):
    """OpenCV's, which runs it with no weights as far as it reads the structure."""
    written = tmp_path / "written.prototxt"
    written.write_text(prototxt(zoo_file(name, tmp_path)))
    net = cv2.dnn.readNetFromCaffe(str(written))
    operators = [node.op_type for node in zoo.build(name).model.graph]
    kinds = [net.getLayer(net.getLayerId(layer)).type for layer in net.getLayerNames()]
    assert kinds.count("Convolution") == operators.count("Conv")
    assert kinds.count("InnerProduct") == operators.count("Gemm")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ResNet-18", "“maxpool” (MaxPool) makes 56 places of 112, where Caffe, which rounds up, makes 57"),
        ("ResNet-20", "(Slice) has no counterpart there"),
        ("MobileNet-v1", "“conv1” (Conv) is not padded evenly"),
    ],
)
def test_what_caffe_does_not_have_is_named(name, words, tmp_path):
    with pytest.raises(BadInput) as caught:
        prototxt(zoo_file(name, tmp_path))
    assert words in caught.value.what


def test_the_mean_of_the_way_forward_is_kept(place, lenet_file, lenet_outline):
    """Here the program tells 12.9396 ms for a batch of 1, as one on a TX2 did for AlexNet."""
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert profile.latencies_ms == (12.9396,)
    assert profile.power is None
    assert profile.device.engines == {"caffe": "1.0.0"}
    calls = [json.loads(line) for line in (place / "calls").read_text().splitlines()]
    timed = [call for call in calls if call[0] == "time"]
    assert all({"-iterations=6"} <= set(call) and not any("-gpu" in word for word in call) for call in timed)


def test_energy_is_not_told_for_it_runs_the_way_back_too(place, lenet_file, lenet_outline, still_meter):
    here = ThisComputer(extra={"root": still_meter, "energy_seconds": 0.1})
    profile = drain(here.profile(lenet_file, lenet_outline, FEW))
    assert profile.power is None
    assert profile.latencies_ms == (12.9396,)


def test_its_layers_are_those_of_the_network(place, lenet_file, lenet_outline, lenet):
    """The program says 0.125 ms for the first layer of the prototxt after the input, and so much more for each."""
    profile = drain(ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, batch=2)))
    names = [node.name for node in lenet.model.graph]
    assert [row.covers for row in profile.layers] == [(name,) for name in names]
    first = profile.layers[0].microseconds
    assert first == pytest.approx((0.125 * 2 * 2 * 1000,))  # the input is its first layer; a batch of 2
    assert profile.latencies_ms == pytest.approx((2 * 12.9396,))


def test_a_normalisation_is_two_layers_of_caffes(place, tmp_path):
    path = zoo_file("ResNet-8", tmp_path)
    profile = drain(ThisComputer().profile(path, outline(zoo.build("ResNet-8")), FEW))
    assert ("norm1",) in [row.covers for row in profile.layers]
    assert sum(profile.unmatched_us) == pytest.approx(125)  # the input layer alone is nobody's


def test_threads_reach_its_library(place, lenet_file, lenet_outline):
    drain(ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, threads=2)))
    calls = [json.loads(line) for line in (place / "calls").read_text().splitlines()]
    assert {call[-1] for call in calls if call[0] == "time"} == {"2"}


def test_a_sweep_sets_the_batch_in_the_file(place, lenet_file):
    sweep = drain(ThisComputer().sweep(lenet_file, FEW, [1, 4], [1]))
    assert [(point.batch, point.latencies_ms) for point in sweep.points] == [
        (1, (pytest.approx(12.9396),)),
        (4, (pytest.approx(4 * 12.9396, rel=1e-4),)),
    ]


def test_where_there_is_none_it_says_where_it_looked(lenet_file, lenet_outline):
    with pytest.raises(Failed, match="no caffe on this device") as caught:
        drain(ThisComputer().profile(lenet_file, lenet_outline, FEW))
    assert "caffe/build/tools" in caught.value.fix


def test_another_precision_is_refused(place, lenet_file, lenet_outline):
    with pytest.raises(BadInput, match="does not convert to fp16"):
        drain(ThisComputer().profile(lenet_file, lenet_outline, replace(FEW, precision="fp16")))
