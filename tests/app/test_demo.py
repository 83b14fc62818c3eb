"""The main job, whole, as `netbonsai demo` does it: what it promises, held to."""

import json

import pytest

from app import cli


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_keeps_its_promise(tmp_path, capsys):
    assert cli.main(["demo", "--out", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    before, after = found["networks"]
    assert before["evaluation"]["accuracy"] >= 0.98
    assert after["nonzero_params"] <= before["params"] / 8
    assert before["evaluation"]["accuracy"] - after["evaluation"]["accuracy"] <= 0.005
    change = after["evaluation"]["correct"] - before["evaluation"]["correct"]
    assert found["gained"] - found["lost"] == change
    assert all(len(network["profile"]["latencies_ms"]) == 50 for network in found["networks"])
    (ratio,) = found["comparison"]["ratios"]
    assert (ratio["a"], ratio["b"]) == ("A", "B")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "B meets the goal." in page
    assert "are still multiplied" in page or ratio["verdict"] == "faster"
    assert {"report.html", "report.json", "study", "LeNet-5-digits-pruned.nbz", "LeNet-5-digits-pruned.onnx"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }

    # what was written can be used, and the study is not overwritten by a demo unless it is a demo's
    assert cli.main(["study", "list", str(tmp_path / "out" / "study"), "--json"]) == 0
    assert [c["letter"] for c in json.loads(capsys.readouterr().out)["candidates"]] == ["A", "B"]


def test_the_demo_leaves_other_peoples_folders_alone(tmp_path, capsys):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.txt").write_text("mine")
    assert cli.main(["demo", "--out", str(tmp_path)]) == 2
    assert "Choose another folder" in capsys.readouterr().err
    assert (tmp_path / "study" / "mine.txt").read_text() == "mine"
