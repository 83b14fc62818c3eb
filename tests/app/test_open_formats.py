"""Networks from other programs, on the command line and in a study: what they become there, and what is asked."""

import json

import pytest
import torch

from app import pipeline, questions
from app.facts import CandidateBorn, Packed, Stored
from app.objects import path_of
from app.ui import drop
from profiler import formats, zoo


def weights_of(name, **changed):
    shapes = {key: shape for key, (shape, kind) in zoo.build(name).weights().items() if kind.kind == "f"}
    return {key: torch.rand(shape) for key, shape in {**shapes, **changed}.items()}


@pytest.fixture
def lenet(tmp_path):
    torch.save({f"module.{key}": value for key, value in weights_of("LeNet-5").items()}, tmp_path / "mine.pth")
    return tmp_path / "mine.pth"


@pytest.fixture
def odd(tmp_path):
    torch.save({"w.weight": torch.zeros(3, 2)}, tmp_path / "odd.pth")
    return tmp_path / "odd.pth"


def test_inspect_takes_bare_weights(run, lenet):
    status, out, _ = run("inspect", lenet, "--json")
    assert status == 0
    assert json.loads(out)["totals"]["params"] == 431_080
    assert run("inspect", lenet, "--architecture", "lenet-5", "--json")[1] == out


def test_a_wrong_architecture_ends_with_status_2(run, lenet, odd):
    status, out, err = run("inspect", lenet, "--architecture", "AlexNet")
    assert (status, out) == (2, "")
    assert "“mine.pth” does not fit AlexNet." in err
    assert "Its weights are those of LeNet-5." in err
    status, _, err = run("inspect", odd)
    assert status == 2
    assert "\ntorch.export.save(program" in err


@pytest.mark.parametrize("command", ["inspect", "memory", "fusion", "diff", "pack", "profile", "compress", "evaluate"])
def test_every_command_that_takes_a_network_takes_its_architecture(run, command, capsys):
    with pytest.raises(SystemExit):
        run(command, "--help")
    assert "--architecture" in capsys.readouterr().out


def test_a_study_keeps_what_was_made_of_it(lenet, tmp_path):
    """No job reads the other format again."""
    settings = {"path": str(lenet), "letter": "A", "objects": str(tmp_path / "objects"), "architecture": "LeNet-5"}
    steps = [step for step in pipeline.open_network(settings) if isinstance(step, CandidateBorn | Stored | Packed)]
    born, stored, packed = steps
    assert (type(born), type(stored), type(packed)) == (CandidateBorn, Stored, Packed)
    assert born.source == f"object:{stored.digest}"
    assert born.file_name == "mine.pth"
    assert born.input_recipe == zoo.build("LeNet-5").input_recipe
    lenet.unlink()
    kept = formats.read_stored(path_of(tmp_path / "objects", stored.digest))
    assert kept.input_recipe == born.input_recipe


def test_the_window_is_told_what_to_ask(lenet, odd):
    assert questions.open_sizes({"path": str(lenet)}) == {"inputs": {}}
    unknown = questions.open_sizes({"path": str(odd)})["unknown"]
    assert "The architecture of “odd.pth” is not known." in unknown["what"]
    assert "torch.export.save" in unknown["code"]
    names = {each["name"] for each in unknown["architectures"]}
    assert names == {entry.name for entry in zoo.ZOO.values() if not entry.trained}
    wrong = questions.open_sizes({"path": str(odd), "architecture": "LeNet-5"})["unknown"]
    assert "does not fit LeNet-5" in wrong["what"]


def test_the_window_offers_the_endings_that_are_read():
    assert set(drop.NETWORKS) == set(formats.READERS)


def test_a_description_without_weights_is_neither_evaluated_nor_packed(tmp_path):
    """What nobody trained would only look like a result."""
    layer = 'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 10 } }'
    path = tmp_path / "bare.prototxt"
    path.write_text(f'input: "data" input_dim: 1 input_dim: 1 input_dim: 28 input_dim: 28 {layer}')
    job = pipeline.open_network(
        {"path": str(path), "letter": "A", "objects": str(tmp_path / "objects"), "data": "digits"}
    )
    facts, message = [], {}
    try:
        while True:
            facts.append(next(job))
    except StopIteration as end:
        message = end.value
    kinds = {type(fact).__name__ for fact in facts} - {"Progress"}
    assert kinds == {"CandidateBorn", "Stored"}
    assert message["message"] == "No file gave weights for ip: they are random, and accuracy would mean nothing."
