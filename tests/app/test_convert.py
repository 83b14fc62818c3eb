"""`netbonsai convert` and `netbonsai fusion`: what stands on stdout, what is written, and what is refused."""

import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from app import questions
from app.convert import runtime_opset
from profiler import zoo
from profiler.errors import BadInput
from profiler.formats import read
from profiler.fusion import Fusion
from profiler.network import save
from profiler.plain import from_plain


def outputs(path):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds = {each.name: np.full((1, 1, 28, 28), 0.5, np.float32) for each in session.get_inputs()}
    return session.run(None, feeds)[0]


def test_convert_writes_the_older_opset(run, tmp_path):
    save(zoo.build("LeNet-5-digits"), tmp_path / "in.onnx")
    status, out, err = run("convert", tmp_path / "in.onnx", "-o", tmp_path / "out.onnx", "--opset", "9", "--json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    proto = onnx.load(tmp_path / "out.onnx")
    assert (answer["opset"], answer["ir_version"]) == (9, 4)
    assert (proto.opset_import[0].version, proto.ir_version) == (9, 4)
    assert answer["file_bytes"] == (tmp_path / "out.onnx").stat().st_size
    assert (answer["rewritten"], answer["formulas"]) == ([], [])
    onnx.checker.check_model(proto, full_check=True)
    assert outputs(tmp_path / "in.onnx").tobytes() == outputs(tmp_path / "out.onnx").tobytes()


def test_a_built_in_network_keeps_its_recipe_in_the_file(run, tmp_path):
    status, out, _ = run("convert", "zoo:LeNet-5", "-o", tmp_path / "out.onnx")
    assert status == 0
    assert "opset 13" in out
    assert read(tmp_path / "out.onnx").input_recipe == zoo.build("LeNet-5").input_recipe


def test_a_runtimes_opset(run, tmp_path):
    status, out, _ = run("convert", "zoo:LeNet-5", "-o", tmp_path / "out.onnx", "--runtime", "1.10", "--json")
    assert status == 0
    assert (json.loads(out)["opset"], json.loads(out)["ir_version"]) == (13, 8)
    assert (runtime_opset("1.10"), runtime_opset("onnxruntime 1.10.0")) == (15, 15)
    with pytest.raises(BadInput, match="not known"):
        runtime_opset("0.1")


def test_what_cannot_be_said_there_is_refused_and_nothing_written(run, make_old_refused, tmp_path):
    status, out, err = run("convert", make_old_refused, "-o", tmp_path / "out.onnx", "--opset", "13")
    assert (status, out) == (2, "")
    assert "“Trilu_0” (Trilu)" in err
    assert not (tmp_path / "out.onnx").exists()


@pytest.fixture
def make_old_refused(tmp_path):
    text = '<ir_version: 8, opset_import: ["" : 14]> g (float[3,3] x) => (float[3,3] y) { y = Trilu (x) }'
    onnx.save(onnx.parser.parse_model(text), tmp_path / "in.onnx")
    return tmp_path / "in.onnx"


def test_two_opsets_at_once_are_one_too_many(run, tmp_path):
    status, _, err = run("convert", "zoo:LeNet-5", "-o", tmp_path / "o.onnx", "--opset", "9", "--runtime", "1.10")
    assert status == 2
    assert "both" in err


def test_a_network_is_not_written_over_itself(run, tmp_path):
    save(zoo.build("LeNet-5"), tmp_path / "n.onnx")
    status, _, err = run("convert", tmp_path / "n.onnx", "-o", tmp_path / "n.onnx", "--opset", "9")
    assert status == 2
    assert "itself" in err


def test_the_windows_question_writes_the_same(tmp_path):
    asked = {"source": "zoo:LeNet-5", "objects": str(tmp_path), "out": str(tmp_path / "w.onnx"), "opset": 11}
    assert questions.convert(asked)["opset"] == 11
    assert onnx.load(tmp_path / "w.onnx").opset_import[0].version == 11


# --- fusion ------------------------------------------------------------------------------------------------------


def test_fusion_as_an_object(run):
    status, out, _ = run("fusion", "zoo:LeNet-5", "--json")
    answer = json.loads(out)
    assert status == 0
    assert set(answer) == {
        "network", "runtime", "kernels_before", "kernels_after", "traffic_before_bytes", "traffic_after_bytes",
        "saved_bytes", "vanished", "added", "before", "after", "siblings",
    }  # fmt: skip
    assert (answer["kernels_before"], answer["kernels_after"]) == (9, len(answer["after"]))
    assert answer["saved_bytes"] == answer["traffic_before_bytes"] - answer["traffic_after_bytes"]
    assert ["fc1", "relu1"] in [kernel["covers"] for kernel in answer["after"]]


def test_fusion_in_words(run):
    status, out, _ = run("fusion", "zoo:ResNet-8")
    assert status == 0
    assert "32 kernels in the file" in out
    assert "conv1 + norm1 + relu1" in out
    assert "% less" in out


def test_the_windows_question_is_the_same_value(tmp_path):
    found = from_plain(questions.fusion({"source": "zoo:LeNet-5", "objects": str(tmp_path)}), Fusion)
    assert found.network == "LeNet-5"
    assert len(found.before) == 9
