"""The command line's contract: what stands on stdout, what it exits with, and what it never loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli
from app.commands.networks import checked_out, input_shapes
from app.commands.say import columns
from app.grammar import COMMANDS
from profiler.errors import BadInput, Failed

ROOT = Path(__file__).parents[2]

PRUNE = """
seed = 3

[[step]]
method = "magnitude_pruning"
share = 0.9
epochs = 0
"""


@pytest.mark.parametrize(
    ("name", "params", "macs", "bias_adds"),
    [
        ("zoo:LeNet-5", 431_080, 2_293_000, 15_230),
        ("zoo:alexnet", 60_965_224, 724_406_816, 659_272),
        ("zoo:VGG-16", 138_357_544, 15_470_264_320, 13_556_712),
    ],
)
def test_inspect_counts_as_published(answer, name, params, macs, bias_adds):
    found = answer("inspect", name)
    totals = found["totals"]
    assert (totals["params"], totals["macs"], totals["bias_adds"]) == (params, macs, bias_adds)
    assert totals["conv_macs"] + totals["fc_macs"] + totals["other_macs"] == macs
    assert found["unknown_ops"] == []
    keys = {"name", "op", "kind", "input_shape", "weight_shape", "output_shape", "params", "macs", "bias_adds",
            "weight_bytes", "activation_bytes", "note"}  # fmt: skip
    assert all(set(layer) == keys for layer in found["layers"])


def test_inspect_names_its_convention(run):
    # LeNet-5's first layer: 288,000 MACs; 576K in the lecture's FLOPs
    assert "576,000" in run("inspect", "zoo:LeNet-5", "--convention", "flops")[1]
    status, out, _ = run("inspect", "zoo:LeNet-5", "--convention", "ops")
    assert status == 0
    assert "MACs + bias" in out
    assert "2,308,230" in out


def test_inspect_loads_no_engine():
    """In a fresh process, for what other tests loaded is loaded."""
    code = (
        "import sys; from app.cli import main; status = main(['inspect', 'zoo:LeNet-5', '--json']);"
        "heavy = [m for m in ('torch', 'onnxruntime', 'PySide6', 'jinja2') if m in sys.modules];"
        "sys.stderr.write(f'{status} {heavy}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == "0 []"
    assert json.loads(done.stdout)["network"] == "LeNet-5"


def test_every_command_explains_itself(capsys):
    """argparse fills its texts in by %: a bare one in a help would be an error."""
    for arguments in ([], *([name] for name in COMMANDS), *(["devices", name] for name in ("add", "test", "watch"))):
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--help"])
        assert ended.value.code == 0
        assert "usage: netbonsai" in capsys.readouterr().out


def test_the_module_runs_and_says_its_version():
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("NetBonsai ")


def test_zoo_and_devices(answer):
    assert {"LeNet-5", "LeNet-5-digits", "AlexNet", "VGG-16"} <= {n["name"] for n in answer("zoo")["networks"]}
    assert answer("devices", "list")["devices"][0]["name"] == "cpu"


# -------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("inspect", "nowhere.onnx"), ["There is no file “nowhere.onnx”.", "Check the path."]),
        (("inspect", "zoo:LeNet-6"), ["no built-in network “LeNet-6”", "Did you mean LeNet-5?"]),
        (("inspect", "zoo:LeNet-5", "--input", "1xax3"), ["“1xax3” is no input size.", "1x3x224x224"]),
        (("profile", "zoo:LeNet-5", "--device", "tx9"), ["no device named “tx9”", "cpu"]),
        (("evaluate", "zoo:LeNet-5", "--data", "nowhere"), ["nowhere", "digits"]),
        (("report", ".", "-o", "x.html"), ["There is no study in “.”."]),
        (("study", "list", "nowhere"), ["There is no study in “nowhere”."]),
        (("pack", "zoo:LeNet-5", "-o", "x.zip"), ["“x.zip” does not end in .nbz."]),
        (("pack", "zoo:LeNet-5", "-o", "nowhere/x.nbz"), ["cannot be written"]),
        (("unpack", "nowhere.nbz", "-o", "x.onnx"), ["There is no file “nowhere.nbz”."]),
        (("compress", "zoo:LeNet-5", "--recipe", "no.toml", "-o", "x.onnx"), ["no.toml"]),
    ],
)  # fmt: skip
def test_bad_input_says_what_and_what_to_try_and_ends_with_2(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*arguments, "--json")
    assert (status, out) == (2, "")
    assert err.startswith("netbonsai: ")
    assert "Traceback" not in err
    for words in said:
        assert words in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("inspect",), ("profile", "zoo:LeNet-5", "--runs", "0"), ("devices",)][1:]
)
def test_what_is_not_a_command_ends_with_2(arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (BadInput("What.", "Where.", "Try."), 2, "netbonsai: What.\n  Where.\n  Try.\n"),
        (
            Failed("The disk is full.", "Make room.", "ENOSPC"),
            1,
            "netbonsai: The disk is full.\n  Make room.\n  | ENOSPC\n",
        ),
        (KeyboardInterrupt(), 130, "netbonsai: Cancelled."),
    ],
)
def test_how_things_end(capsys, error, status, said):
    def work():
        raise error

    assert cli.guarded(work) == status
    assert capsys.readouterr().err.startswith(said)


def test_without_a_command_comes_the_window(monkeypatch, tmp_path):
    import types

    opened = []
    window = types.ModuleType("app.ui.main")
    window.run = lambda paths: opened.append(list(paths)) or 7
    monkeypatch.setitem(sys.modules, "app.ui.main", window)
    assert cli.main([]) == 7
    assert cli.main([str(tmp_path)]) == 7
    assert opened == [[], [str(tmp_path)]]


def test_input_sizes():
    assert input_shapes(["1x3x224x224"]) == {"": [1, 3, 224, 224]}
    assert input_shapes(["data=1×1×28×28", "im_info=1x3"]) == {"data": [1, 1, 28, 28], "im_info": [1, 3]}
    assert input_shapes(None) == {}
    with pytest.raises(BadInput):
        input_shapes(["1x0x3"])


def test_where_results_go(tmp_path):
    assert checked_out(str(tmp_path / "a.onnx"), ".onnx") == tmp_path / "a.onnx"
    (tmp_path / "b.onnx").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        checked_out(str(tmp_path / "b.onnx"), ".onnx")


def test_columns_line_up():
    assert columns(("Name", "N"), [("a", "1,000"), ("long", "2")]) == [
        "Name      N",
        "───────────",
        "a     1,000",
        "long      2",
    ]


# ------------------------------------------------------------------------- the commands, whole


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "prune.toml"
    path.write_text(PRUNE)
    return path


def test_a_study_from_a_script(answer, run, recipe, tmp_path):
    """Compress, evaluate, profile, compare, pack and report, all into one study, each network in it once."""
    study, out = tmp_path / "study", tmp_path / "pruned.onnx"
    made = answer("compress", "zoo:LeNet-5", "--recipe", recipe, "--data", "digits", "-o", out, "--study", study)
    assert made["out"] == str(out)
    assert made["params"] == 431_080
    assert made["nonzero_params"] <= 43_050 + 580  # a tenth of 430,500 weights, and the biases
    assert made["steps"][0]["share"] == 0.9
    assert made["seed"] == 3
    assert made["file_bytes"] == out.stat().st_size
    assert made["packed_bytes"] < made["file_bytes"] / 6

    found = answer("evaluate", out, "--data", "digits", "--study", study)
    assert found["accuracy"] == pytest.approx(found["correct"] / found["samples"])
    assert found["accuracy"] == made["accuracy"]

    ran = answer("profile", out, "--runs", "6", "--warmup", "1", "--study", study)
    assert len(ran["latencies_ms"]) == 6
    assert ran["power"] is None or ran["energy_mj"] is not None
    assert {"layers_sum_ms", "unattributed_ms", "end_to_end_ms", "profiling_overhead_pct"} <= set(ran["reconciliation"])
    assert set(ran["memory_mb"]) == {"after_load", "after_run", "weights", "peak_activation", "gpu"}
    assert "conv1" in [name for layer in ran["layers"] for name in layer["covers"]]

    turns = answer("compare", "zoo:LeNet-5", out, "--rounds", "5", "--runs", "5", "--warmup", "1", "--study", study)
    assert turns["networks"] == ["zoo:LeNet-5", str(out)]
    (ratio,) = turns["ratios"]
    assert (ratio["a"], ratio["b"]) == ("zoo:LeNet-5", str(out))
    assert ratio["low"] <= ratio["ratio"] <= ratio["high"]

    listed = answer("study", "list", study)
    assert [(c["letter"], c["parent"]) for c in listed["candidates"]] == [("A", None), ("B", "A")]
    assert listed["interrupted"] == []
    assert answer("evaluate", "b", "--data", "digits", "--study", study) == found  # a letter stands for its network

    page = tmp_path / "report.html"
    assert answer("report", study, "-o", page)["files"][0] == str(page)
    assert "Prune to 10 %" in page.read_text()


def test_pack_and_unpack_give_the_network_back(answer, tmp_path):
    packed = answer("pack", "zoo:LeNet-5", "-o", tmp_path / "a.nbz")
    assert packed["packed_bytes"] == (tmp_path / "a.nbz").stat().st_size
    for layer in packed["layers"]:
        assert layer["packed"] == layer["index"] + layer["codebook"] + layer["values_bytes"]
        assert layer["rate"] == (layer["original"] / layer["packed"] if layer["packed"] else None)  # zeros take nothing
        assert {"name", "layer", "form", "entropy", "kept", "total", "distinct"} <= set(layer)
    unpacked = answer("unpack", tmp_path / "a.nbz", "-o", tmp_path / "a.onnx")
    assert unpacked["file_bytes"] == (tmp_path / "a.onnx").stat().st_size
    assert answer("inspect", tmp_path / "a.onnx")["totals"] == answer("inspect", "zoo:LeNet-5")["totals"]


def test_a_recipe_that_cannot_run_leaves_the_study_as_it_was(run, answer, recipe, tmp_path):
    study = tmp_path / "study"
    recipe.write_text(PRUNE.replace("share = 0.9", 'share = 0.9\nlayers = ["fc9"]'))
    status, out, err = run("compress", "zoo:LeNet-5", "--recipe", recipe, "-o", tmp_path / "x.onnx", "--study", study)
    assert (status, out) == (2, "")
    assert "fc9" in err
    assert "Did you mean" in err
    assert [c["letter"] for c in answer("study", "list", study)["candidates"]] == ["A"]
    assert not (tmp_path / "x.onnx").exists()
