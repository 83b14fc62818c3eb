"""Accuracy of a file, with answers known beforehand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from compressors.data.data_set import Split
from compressors.evaluate import evaluate
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.progress import drain

RAW = InputRecipe(colour="grey", scale=1.0)


def pixel_scores(folder, batch="N", outputs=6, kind=TensorProto.FLOAT, shape=None):
    """A network whose scores are its pixels: image 1×1×outputs, class = the brightest pixel."""
    node = helper.make_node("Reshape", ["image", "to"], ["scores"], name="flat")
    graph = helper.make_graph(
        [node],
        "pixels",
        [helper.make_tensor_value_info("image", kind, shape or [batch, 1, 1, outputs])],
        [helper.make_tensor_value_info("scores", kind, [batch, outputs])],
        [numpy_helper.from_array(np.array([-1, outputs], np.int64), "to")],
    )
    path = folder / "pixels.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def split(images, labels, outputs=6):
    pixels = np.array(images, np.uint8).reshape(len(images), 1, outputs, 1)
    return Split(pixels, np.array(labels), tuple(f"c{n}" for n in range(outputs)))


IMAGES = [[9, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [0, 9, 8, 7, 6, 5], [6, 5, 4, 3, 2, 1]]
LABELS = [0, 5, 0, 2, 5]
# Right: 0 yes; 1 yes; 2 no, its label scores least; 3 no, its label is second; 4 no, least again.


def test_top_1_top_5_and_which_were_right(tmp_path):
    result = drain(evaluate(pixel_scores(tmp_path), RAW, split(IMAGES, LABELS)))
    assert result.right.tolist() == [True, True, False, False, False]
    assert (result.correct, result.samples) == (2, 5)
    assert result.accuracy == 0.4
    assert result.top5 == 0.6


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_a_batch_that_the_graph_fixes_is_kept_to(tmp_path, batch):
    result = drain(evaluate(pixel_scores(tmp_path, batch), RAW, split(IMAGES, LABELS)))
    assert result.right.tolist() == [True, True, False, False, False]
    assert result.samples == 5


def test_no_top_5_of_five_outputs(tmp_path):
    data = split([[1, 2, 3, 4, 5]] * 2, [4, 0], outputs=5)
    assert drain(evaluate(pixel_scores(tmp_path, outputs=5), RAW, data)).top5 is None


def test_progress_counts_images(tmp_path):
    told = []
    drain(evaluate(pixel_scores(tmp_path), RAW, split(IMAGES, LABELS), batch=2), told.append)
    assert [step.fraction for step in told] == [0.0, 0.4, 0.8, 1.0]
    assert [step.figures["accuracy"] for step in told[1:]] == [1.0, 0.5, 0.4]


def test_outputs_that_are_no_numbers_are_wrong(tmp_path):
    path = pixel_scores(tmp_path)
    recipe = InputRecipe(colour="grey", scale=1.0, mean=(9.0,), std=(0.0,))  # 9 becomes 0/0
    with np.errstate(all="ignore"):
        result = drain(evaluate(path, recipe, split([[9] * 6], [0])))
    assert result.correct == 0
    assert result.top5 == 0


def test_half_precision_inputs(tmp_path):
    result = drain(evaluate(pixel_scores(tmp_path, kind=TensorProto.FLOAT16), RAW, split(IMAGES, LABELS)))
    assert result.correct == 2


def test_classes_are_found_by_the_recipes_names(tmp_path):
    recipe = InputRecipe(colour="grey", scale=1.0, classes=("c5", "c4", "c3", "c2", "c1", "c0"))
    result = drain(evaluate(pixel_scores(tmp_path), recipe, split(IMAGES, LABELS)))
    # The brightest pixels are outputs 0, 5, 5, 1, 0: c5, c0, c0, c4, c5.
    assert result.right.tolist() == [False, False, True, False, True]


def test_what_does_not_fit_is_said(tmp_path):
    path = pixel_scores(tmp_path)
    two = Split(np.zeros((1, 1, 6, 1), np.uint8), np.zeros(1, int), ("a", "b"))
    with pytest.raises(BadInput, match=r"2 classes.*6 outputs"):
        drain(evaluate(path, RAW, two))
    with pytest.raises(BadInput, match="no images"):
        drain(evaluate(path, RAW, split([], [])))
    with pytest.raises(BadInput, match=r"takes 1 channels.*rgb"):
        drain(evaluate(path, InputRecipe(), split(IMAGES, LABELS)))
    with pytest.raises(BadInput, match="not every size is known"):
        drain(evaluate(pixel_scores(tmp_path, shape=["N", 1, "H", "W"]), RAW, split(IMAGES, LABELS)))


def test_a_file_that_does_not_load(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x08 no network")
    with pytest.raises(BadInput, match=r"can’t load “broken\.onnx”"):
        drain(evaluate(tmp_path / "broken.onnx", RAW, split(IMAGES, LABELS)))


def test_a_network_of_two_inputs(tmp_path):
    path = pixel_scores(tmp_path)
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    onnx.save(model, path)
    with pytest.raises(BadInput, match="does not take one image"):
        drain(evaluate(path, RAW, split(IMAGES, LABELS)))
