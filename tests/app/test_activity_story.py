"""The lecture's table in words, activity as a job, as a fact and in the report."""

import csv
import io

import numpy as np
import pytest

from app import networks, pipeline, report
from app.activity_story import activity_rows, headline, looked_at, share_words
from app.answers import active
from app.facts import ActivityMeasured
from app.report.content import Source
from app.report.tables import answer, layers_csv
from app.study import after
from profiler.activity import Activity, LayerActivity
from profiler.errors import BadInput
from profiler.network import Network
from profiler.plain import from_plain, to_plain
from profiler.progress import Progress


def layer(name, kind, act, weights, read, values, macs, count, dense=False) -> LayerActivity:
    flops = None if weights is None else weights * (1.0 if dense else read)
    op = {"conv": "Conv", "fc": "Gemm"}.get(kind, "MaxPool")
    return LayerActivity(name, op, kind, act, act, read, weights, flops, values, macs, name, count)


@pytest.fixture
def measured() -> ActivityMeasured:
    """The figures printed in the lecture for LeNet-5."""
    rows = (
        layer("conv1", "conv", 0.82, 0.66, 0.19, 2880, 288_000, 500, dense=True),
        layer("pool1", "other", 0.82, None, 0.82, 2880, None, None),
        layer("conv2", "conv", 0.72, 0.12, 0.82, 800, 1_600_000, 25_000),
        layer("ip1", "fc", 0.55, 0.08, 0.72, 500, 400_000, 400_000),
        layer("ip2", "fc", 1.00, 0.19, 0.55, 10, 5000, 5000),
    )
    return ActivityMeasured("B", "Digits", "test", Activity("LeNet-5", 500, rows))


def test_the_words(measured):
    # 0.66 · 288,000 + 0.12 · 0.82 · 1,600,000 + 0.08 · 0.72 · 400,000 + 0.19 · 0.55 · 5,000 of 2,293,000
    assert headline(measured.activity) == "Act 76.9 %, weights 8.4 %, 16.2 % of the operations needed"
    assert looked_at(measured) == "500 images of Digits, test"
    rows = activity_rows(measured.activity)
    assert [row.layer for row in rows] == ["conv1", "conv2", "ip1", "ip2"]
    assert [row.layer for row in activity_rows(measured.activity, every=True)][1] == "pool1"
    assert rows[0].flops_words == "66.0 % of the weights · the whole input (of its numbers 19.0 % are not zero)"
    assert rows[1].flops_words == "12.0 % of the weights · 82.0 % of what it reads"
    assert rows[1].needed_macs == pytest.approx(0.12 * 0.82 * 1_600_000)


def test_no_share_is_not_a_nought():
    assert (share_words(0.0), share_words(None), share_words(None, applies=False)) == ("0.0 %", "not known", "–")


def test_it_is_part_of_the_study_and_survives_its_file(measured, study):
    again = from_plain(to_plain(measured), ActivityMeasured)
    assert again == measured
    after_it = after(again, study)
    assert after_it.candidate("B").activity == measured
    assert after_it.candidate("A").activity is None
    assert after(ActivityMeasured("Q", "d", "test", measured.activity), study) == study


def test_the_report_and_its_files_have_the_table(measured, study):
    known = after(measured, study)
    html = report.build(known, None, ["activity"])
    assert "500 images of Digits, test" in html
    for text in ("<td>82.0 %</td>", "<td>9.8 %</td>", "<td>76.9 %</td>", "<td>8.4 %</td>", "<td>16.2 %</td>"):
        assert text in html
    assert "No candidate was looked at on data." in report.build(study, None, ["activity"])
    rows = {(row["letter"], row["layer"]): row for row in csv.DictReader(io.StringIO(layers_csv(Source(known, None))))}
    assert (rows["B", "conv1"]["act"], rows["B", "conv1"]["weights"], rows["B", "conv1"]["flops"]) == (
        "0.82",
        "0.66",
        "0.66",
    )
    assert rows["A", "conv1"]["act"] == rows["B", "pool1"]["flops"] == ""
    candidates = answer(Source(known, None))["candidates"]
    assert candidates[0]["activity"] is None
    assert candidates[1]["activity"] == active(measured)
    assert active(measured)["layers"][1]["weights"] is None


def test_the_job_measures_and_yields_its_fact(tmp_path):
    settings = {"letter": "A", "source": "zoo:LeNet-5-digits", "objects": str(tmp_path / "objects"), "data": "digits",
                "split": "validation", "samples": 50}  # fmt: skip
    steps = list(pipeline.activity(settings))
    (fact,) = [step for step in steps if not isinstance(step, Progress)]
    assert (fact.letter, fact.split, fact.activity.images) == ("A", "validation", 50)
    assert fact.activity.layer("fc2").flops == fact.activity.layer("fc1").act
    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert list((tmp_path / "objects").iterdir()) == []  # the copy it ran is gone


def test_without_data_there_is_nothing_to_run(tmp_path):
    with pytest.raises(BadInput, match="No data set"):
        list(pipeline.activity({"letter": "A", "source": "zoo:LeNet-5", "objects": str(tmp_path)}))


def test_weights_inside_a_function_are_counted_too():
    """A convolution whose kernel is a constant in a function: two ones."""
    import onnx_ir as ir
    from onnx import TensorProto, helper, numpy_helper

    kernel = numpy_helper.from_array(np.ones((2, 1, 1, 1), np.float32))
    body = [
        helper.make_node("Constant", [], ["w"], name="kernel", value=kernel),
        helper.make_node("Conv", ["x", "w"], ["y"], name="conv"),
    ]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    block = helper.make_function("f", "Block", ["x"], ["y"], body, imports)
    nodes = [helper.make_node("Block", ["x"], ["y"], name="call", domain="f")]
    x, y = (
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [1, 1, 2, 2]), ("y", [1, 2, 2, 2]))
    )
    proto = helper.make_model(helper.make_graph(nodes, "g", [x], [y]), opset_imports=imports, functions=[block])
    assert networks.nonzero(Network.from_model(ir.from_proto(proto), name="called")) == (2, {"call/conv": 2})
