"""Profiles measured elsewhere. What the tools wrote is quoted with its source; the numbers are read off it by eye."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler import zoo
from profiler.errors import BadInput
from profiler.imports import read, recognise
from profiler.network import save
from profiler.trace import Outline, OutlineNode, outline

# BVLC/caffe issue 7050: caffe time on a graphics processor, AlexNet; tabs had become blanks when it was posted
CAFFE = """I0312 15:29:30.427956  2367 caffe.cpp:406] Average time per layer:
I0312 15:29:30.427961  2367 caffe.cpp:409]       data   forward: 0.0018944 ms.
I0312 15:29:30.427969  2367 caffe.cpp:412]       data   backward: 0.0018848 ms.
I0312 15:29:30.427975  2367 caffe.cpp:409]      conv1   forward: 0.10807 ms.
I0312 15:29:30.427982  2367 caffe.cpp:412]      conv1   backward: 0.182646 ms.
I0312 15:29:30.427989  2367 caffe.cpp:409]      relu1   forward: 0.0140288 ms.
I0312 15:29:30.427994  2367 caffe.cpp:412]      relu1   backward: 0.0018432 ms.
"""
# the last lines of caffe time with AlexNet on a Jetson TX2, and a line in the form of tools/caffe.cpp
CAFFE_END = """I0228 11:53:41.861127  7979 caffe.cpp:412] Average Forward pass: 12.9396 ms.
I0228 11:53:41.861150  7979 caffe.cpp:414] Average Backward pass: 35.2972 ms.
I0228 11:53:41.861168  7979 caffe.cpp:416] Average Forward-Backward: 48.4081 ms.
I0228 11:53:41.861196  7979 caffe.cpp:418] Total Time: 2420.4 ms.
"""
CAFFE_START = """I0228 11:53:39.000000  7979 caffe.cpp:352] Use GPU with device ID 0
I0228 11:53:39.440000  7979 caffe.cpp:375] Testing for 50 iterations.
"""
# Tencent/ncnn benchmark/README.md, an AMD Ryzen Embedded V1605B
NCNN = """C:\\Users\\i\\Desktop\\benchmark>benchncnn.exe 32 4 0 -1 0
loop_count = 32
num_threads = 4
powersave = 0
gpu_device = -1
cooling_down = 0
          squeezenet  min =    9.19  max =   14.82  avg =   11.15
     squeezenet_int8  min =   19.00  max =   40.30  avg =   24.80
        mobilenet_v2  min =   10.26  max =   17.79  avg =   13.36
"""
# trtexec --exportProfile: the row is recorded (TensorRT 8.4, one layer), the others in its form as of 8.2, no medianMs
TRT_84 = """[
  { "count" : 41400 }
, { "name" : "/conv1/Conv + /act1/Relu", "timeMs" : 1160.78, "averageMs" : 0.0280382, "medianMs" : 0.027872, "percentage" : 100 }
]
"""  # noqa: E501 - as it was written
TRT_82 = """[
  { "count" : 100 }
, { "name" : "Reformatting CopyNode for Input Tensor 0 to conv1", "timeMs" : 1.5, "averageMs" : 0.015, "percentage" : 3 }
, { "name" : "conv1", "timeMs" : 20, "averageMs" : 0.2, "percentage" : 40 }
, { "name" : "a "quoted" \\ name", "timeMs" : 10, "averageMs" : 0.1, "percentage" : 20 }
, { "name" : "fc1 + relu1", "timeMs" : 18.5, "averageMs" : 1.85e-01, "percentage" : 37 }
]
"""  # noqa: E501 - as it is written
TRT_TIMES = """[
  { "startEnqMs" : 0.1, "endEnqMs" : 0.2, "latencyMs" : 2.5, "endToEndMs" : 4.5 }
, { "startEnqMs" : 2.6, "endEnqMs" : 2.7, "latencyMs" : 2.25, "endToEndMs" : 4.25 }
]
"""
TRT_INFO = """{"Layers": [{"Name": "__myl_Conv_myl0_1", "LayerType": "kgen",
  "Metadata": "[ONNX Layer: conv2]\\u001e[ONNX Layer: pool2]"}, "mere name"], "Bindings": ["input", "output"]}"""
TRT_MYELIN = TRT_82.replace('"conv1"', '"__myl_Conv_myl0_1"')


@pytest.fixture(scope="module")
def lenet() -> Outline:
    return outline(zoo.build("LeNet-5"))


@pytest.fixture
def file(tmp_path):
    def make(text: str, name: str = "measured.txt") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="module")
def ort_file(tmp_path_factory) -> Path:
    """A profile that ONNX Runtime writes here, of three runs of LeNet-5."""
    folder = tmp_path_factory.mktemp("onnxruntime")
    save(zoo.build("LeNet-5"), folder / "LeNet-5.onnx")
    options = ort.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "profile")
    session = ort.InferenceSession(str(folder / "LeNet-5.onnx"), options, providers=["CPUExecutionProvider"])
    for _ in range(3):
        session.run(None, {"input": np.zeros((1, 1, 28, 28), np.float32)})
    return Path(session.end_profiling())


def rows(profile):
    return [(row.name, row.covers, row.microseconds) for row in profile.layers]


def test_caffe_time(file, lenet):
    profile = read([file(CAFFE_START + CAFFE + CAFFE_END, "alexnet.log")], lenet, "tx2", "abc")
    assert rows(profile) == [
        ("conv1", ("conv1",), pytest.approx((108.07,))),
        ("relu1", ("relu1",), pytest.approx((14.0288,))),
        ("data", (), pytest.approx((1.8944,))),
    ]
    assert profile.latencies_ms == (12.9396,)
    assert (profile.settings.engine, profile.settings.runs) == ("caffe-gpu", 50)
    assert (profile.imported, profile.device.name, profile.network) == ("caffe time, alexnet.log", "tx2", "abc")


def test_caffe_time_that_ended_early(file, lenet):
    profile = read([file(CAFFE)], lenet, "tk1")
    assert profile.latencies_ms == ()
    assert profile.settings.engine == "caffe"


def test_a_caffe_log_with_tabs_as_caffe_writes_them(file, lenet):
    profile = read(
        [file("I0820 09:52:15.821008  4075 caffe.cpp:404]      conv1\tforward: 1.62752 ms.\n")], lenet, "tk1"
    )
    assert rows(profile) == [("conv1", ("conv1",), pytest.approx((1627.52,)))]


def test_benchncnn_has_several_networks(file, lenet):
    path = file(NCNN)
    profile = read([path], lenet, "v1605b", network="MobileNet-v2")
    assert profile.latencies_ms == (13.36,)
    assert (profile.settings.runs, profile.settings.threads, profile.settings.engine) == (32, 4, "ncnn")
    assert profile.layers == ()
    with pytest.raises(BadInput) as caught:
        read([path], lenet, "v1605b", network="LeNet-5")
    assert "squeezenet, squeezenet_int8, mobilenet_v2" in caught.value.where


def test_benchncnn_of_one_network_needs_no_name(file, lenet):
    one = "\n".join(NCNN.splitlines()[:7])
    assert read([file(one)], lenet, "v1605b").latencies_ms == (11.15,)


def test_trtexec_without_a_median_and_with_names_that_are_no_json(file, lenet):
    text = TRT_82
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(text)
    profile = read([file(text)], lenet, "tx2")
    assert rows(profile) == [
        ("conv1", ("conv1",), pytest.approx((200,))),
        ("fc1 + relu1", ("fc1", "relu1"), pytest.approx((185,))),
        ("Reformatting CopyNode for Input Tensor 0 to conv1", (), pytest.approx((15,))),
        ('a "quoted" \\ name', (), pytest.approx((100,))),
    ]
    assert (profile.latencies_ms, profile.settings.runs, profile.settings.engine) == ((), 100, "trtexec")


def test_trtexec_with_a_median(file):
    graph = Outline((OutlineNode("/conv1/Conv", "Conv", (), ("c",)), OutlineNode("/act1/Relu", "Relu", ("c",), ("r",))))
    [row] = read([file(TRT_84)], graph, "tx2").layers
    assert (row.covers, row.microseconds) == (("/conv1/Conv", "/act1/Relu"), pytest.approx((27.872,)))


def test_trtexecs_three_files(file, lenet):
    paths = [file(TRT_MYELIN, "profile.json"), file(TRT_INFO, "layers.json"), file(TRT_TIMES, "times.json")]
    profile = read(paths, lenet, "orin")
    assert profile.latencies_ms == (2.5, 2.25)
    assert ("conv2 + pool2", ("conv2", "pool2"), pytest.approx((200,))) in rows(profile)
    assert profile.imported == "trtexec, profile.json, layers.json, times.json"


def test_onnxruntime(ort_file, lenet):
    profile = read([ort_file], lenet, "tx2")
    assert len(profile.profiled_ms) == 3
    assert profile.latencies_ms == ()  # what was timed under the profiler is no latency
    covered = [name for row in profile.layers for name in row.covers]
    assert {"conv1", "conv2", "fc1", "fc2"} <= set(covered)
    kernels = [event for event in json.loads(ort_file.read_text()) if event["name"].endswith("_kernel_time")]
    total = sum(sum(row.microseconds) for row in profile.layers)
    assert total == pytest.approx(sum(event["dur"] for event in kernels))


def test_a_profile_of_a_program_that_was_killed(ort_file, lenet, file):
    whole = ort_file.read_text()
    cut = whole[: whole.rfind('"name"') + 5]
    assert len(read([file(cut)], lenet, "tx2").profiled_ms) >= 2


def test_of_another_network_the_rows_keep_their_names(ort_file):
    profile = read([ort_file], Outline(()), "tx2")
    assert profile.layers
    assert all(row.covers == () for row in profile.layers)


def test_it_is_as_old_as_its_file(file, lenet):
    path = file(CAFFE)
    then = datetime(2015, 3, 17, 12, 0, tzinfo=UTC)
    os.utime(path, (then.timestamp(), then.timestamp()))
    assert read([path], lenet, "tk1").at == "2015-03-17T12:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "tool"),
    [(CAFFE, "caffe time"), (NCNN, "benchncnn"), (TRT_82, "trtexec"), (TRT_TIMES, "trtexec"), (TRT_INFO, "trtexec"),
     ("", ""), ("Hello", ""), ("[1, 2]", ""), ("{}", "")],
)  # fmt: skip
def test_recognise(file, text, tool):
    assert recognise(file(text)) == tool


def test_recognise_onnxruntime_and_what_is_not_there(ort_file, tmp_path):
    assert recognise(ort_file) == "ONNX Runtime"
    assert recognise(tmp_path / "nowhere") == ""
    assert recognise(tmp_path) == ""


@pytest.mark.parametrize(
    "text",
    ["", "Hello", "[]", "{}", "null", "[1]", "[{}]", "[" * 5000, '[{"cat": "Node", "name": "x_kernel_time", "ts": 1}]',
     CAFFE.replace("0.10807", "nan"), CAFFE.replace("0.10807", "-1"), NCNN.replace("11.15", "1e999"), "\0" * 100,
     TRT_82.replace("0.2,", "inf,"), TRT_TIMES.replace("2.25", "-2.25"), "[{\"latencyMs\": 0}]"],
)  # fmt: skip
def test_what_is_no_measurement_is_refused(file, lenet, text):
    with pytest.raises(BadInput) as caught:
        read([file(text, "odd.txt")], lenet, "tx2", network="squeezenet")
    assert "“odd.txt”" in caught.value.what


def test_files_that_do_not_belong_together(file, lenet):
    with pytest.raises(BadInput, match="not of one measurement"):
        read([file(TRT_82, "a"), file(CAFFE, "b")], lenet, "tx2")
    with pytest.raises(BadInput, match="not of one measurement"):
        read([file(TRT_82, "a"), file(TRT_82, "b")], lenet, "tx2")
    with pytest.raises(BadInput, match="no times"):
        read([file(TRT_INFO, "layers.json")], lenet, "tx2")
    with pytest.raises(BadInput, match="No file"):
        read([], lenet, "tx2")


def test_a_file_that_cannot_be_read(tmp_path, lenet):
    with pytest.raises(BadInput, match="cannot be read"):
        read([tmp_path / "nowhere"], lenet, "tx2")


@pytest.mark.parametrize("line", [" ", "x ", '", ', "\t", '{ "name" : "', ", ", "conv1 forward: ", "I0820 "])
def test_a_line_of_a_megabyte_takes_no_time(file, lenet, line):
    start = time.monotonic()
    for text in (line * (1_000_000 // len(line)), "[\n" + line * 300_000 + "\n]"):
        with pytest.raises(BadInput):
            read([file(text)], lenet, "tx2")
    assert time.monotonic() - start < 5


SOUND = {"caffe": CAFFE_START + CAFFE + CAFFE_END, "ncnn": NCNN, "trt": TRT_82, "times": TRT_TIMES, "info": TRT_INFO}


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sampled_from([*SOUND, "ort"]),
    damage=st.lists(
        st.tuples(st.sampled_from(["cut", "byte", "double", "drop", "swap"]), st.floats(0, 1), st.integers(0, 255)),
        min_size=1,
        max_size=6,
    ),
)
def test_a_damaged_file_is_read_or_refused(which, damage, ort_file, tmp_path, lenet):
    content = bytearray(ort_file.read_bytes() if which == "ort" else SOUND[which].encode())
    for what, share, value in damage:
        place = int(share * max(0, len(content) - 1))
        if what == "cut":
            del content[place:]
        elif what == "byte" and content:
            content[place] = value
        elif what == "double":
            content[place:place] = content[place : place + value]
        elif what == "drop":
            del content[place : place + value]
        else:
            content[place:place] = b'["{:}],0.e-+nul'[value % 16 : value % 16 + 2]
    path = tmp_path / "damaged"
    path.write_bytes(content)
    recognise(path)
    try:
        profile = read([path], lenet, "tx2", network="squeezenet")
    except BadInput as problem:
        assert "“damaged”" in problem.what  # noqa: PT017 - it may be read, too
    else:
        assert all(time >= 0 for row in profile.layers for time in row.microseconds)
        assert profile.layers or profile.latencies_ms
