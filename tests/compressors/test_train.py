"""The training loop: it learns, repeats itself, resumes, and ends tidily."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from compressors.lift import lift
from compressors.lower import lower
from compressors.train import Training, train
from profiler.builder import Builder
from profiler.errors import BadInput, Failed
from profiler.progress import Progress, drain

torch.set_num_threads(1)

QUICK = Training(epochs=3, learning_rate=0.05, batch=16)


def network(softmax=True, dropout=True):
    b = Builder("tiny", (1, 8, 8))
    x = b.relu("relu", b.batch_norm("bn", b.conv("conv", b.input, 4, kernel=3, pad=1)))
    x = b.node("Dropout", "drop", [x]) if dropout else x
    x = b.fc("fc", b.flatten("flatten", x), 3)
    return b.network(b.softmax("prob", x) if softmax else x)


def stripes(count=90):
    """Three classes that anyone can tell: light at the top, in the middle, at the bottom."""
    labels = np.arange(count) % 3
    images = np.random.default_rng(0).normal(0, 0.1, (count, 1, 8, 8)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        image[0, label * 3 : label * 3 + 2] += 1
    return images, labels


def weights(module):
    return torch.cat([tensor.detach().flatten().float() for tensor in module.state_dict().values()])


def trained(training=QUICK, seed=0, **options):
    module = lift(network())
    rows = drain(train(module, *stripes(), training, seed=seed, **options))
    return module, rows


@pytest.mark.parametrize("softmax", [True, False])
def test_it_learns_with_and_without_a_softmax(softmax):
    module = lift(network(softmax=softmax))
    images, labels = stripes()
    rows = drain(train(module, images, labels, QUICK, seed=0))
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[2]["loss"] < rows[0]["loss"]
    assert (module(torch.from_numpy(images)).argmax(1).numpy() == labels).mean() > 0.95


def test_a_softmax_does_not_flatten_the_first_loss():
    """Cross-entropy of the scores themselves, not of their Softmax: worked out with numpy."""
    module = lift(network(dropout=False))
    images, labels = stripes(6)
    scores = np.log(module.train()(torch.from_numpy(images)).detach().numpy())
    expected = -scores[np.arange(6), labels].mean()
    rows = drain(train(lift(network(dropout=False)), images, labels, Training(epochs=1, batch=6), seed=0))
    assert rows[0]["loss"] == pytest.approx(expected, rel=1e-4)


def test_the_same_seed_gives_the_same_weights():
    augmented = Training(epochs=2, batch=16, shift=1, rotate=10, scale=0.1, flip=True)
    assert weights(trained(augmented)[0]).equal(weights(trained(augmented)[0]))
    assert not weights(trained(augmented)[0]).equal(weights(trained(augmented, seed=1)[0]))


def test_the_global_generator_is_left_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    trained()
    assert torch.rand(3).equal(expected)


def test_it_ends_in_eval_mode_with_torchs_threads_as_they_were():
    before = torch.get_num_threads()
    module, _ = trained(threads=before + 1)
    assert not module.training
    assert not module.bn.training
    assert torch.get_num_threads() == before


def test_closing_it_ends_in_eval_mode():
    module = lift(network())
    job = train(module, *stripes(), QUICK, seed=0)
    next(job)
    job.close()
    assert not module.bn.training


def test_validation_sees_eval_mode_and_its_rows_are_kept():
    modes = []

    def validate(module):
        modes.append(module.training or module.bn.training or module.drop.training)
        return 0.25 * len(modes)

    _, rows = trained(validate=validate)
    assert modes == [False] * 3
    assert [row["validation"] for row in rows] == [0.25, 0.5, 0.75]


def test_masks_are_put_back_after_each_step():
    mask = torch.arange(4 * 9).reshape(4, 1, 3, 3) % 2
    steps = []

    def after_step(module):
        steps.append(bool((module.conv.weight[mask == 0] != 0).any()))
        with torch.no_grad():
            module.conv.weight.mul_(mask)

    tiny = network()
    module = lift(tiny)
    drain(train(module, *stripes(), QUICK, seed=0, after_step=after_step))
    assert len(steps) == 3 * 6  # 90 images in batches of 16
    assert any(steps)  # the step itself does move them
    stored = lower(module, tiny).weight("conv.weight")
    assert (stored[mask.numpy() == 0] == 0).all()
    assert (stored[mask.numpy() == 1] != 0).all()


def test_another_loss_gets_scores_labels_and_inputs():
    seen = []

    def loss(outputs, labels, inputs):
        seen.append((tuple(outputs.shape), tuple(labels.shape), tuple(inputs.shape)))
        return outputs.square().mean()

    trained(Training(epochs=1, batch=45), loss=loss)
    assert seen == [((45, 3), (45,), (45, 1, 8, 8))] * 2


def test_progress_tells_loss_accuracy_and_epoch(monkeypatch):
    monkeypatch.setattr("compressors.train.EVERY", 0.0)  # at each batch
    module, told = lift(network()), []
    drain(train(module, *stripes(), QUICK, seed=0), told.append)
    assert len(told) == 3 * 6 + 3
    assert all({"loss", "accuracy", "epoch"} <= set(step.figures) for step in told)
    fractions = [step.fraction for step in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert told[-1].text == "Epoch 3 of 3"


def test_an_interrupted_run_goes_on_from_its_checkpoint(tmp_path):
    file = tmp_path / "run" / "checkpoint"
    whole, rows = trained()
    module = lift(network())
    job = train(module, *stripes(), QUICK, seed=0, checkpoint=file)
    while next(job).fraction < 0.6:  # two epochs are done
        pass
    job.close()
    again = lift(network())
    told = []
    resumed = drain(train(again, *stripes(), QUICK, seed=0, checkpoint=file), told.append)
    assert resumed == rows
    assert weights(again).equal(weights(whole))
    assert {step.figures["epoch"] for step in told} == {3.0}
    assert [path.name for path in file.parent.iterdir()] == ["checkpoint"]


def test_a_finished_run_is_not_run_again(tmp_path):
    file = tmp_path / "checkpoint"
    module, rows = trained(checkpoint=file)
    again = lift(network())
    assert drain(train(again, *stripes(), QUICK, seed=0, checkpoint=file)) == rows
    assert weights(again).equal(weights(module))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:500]), "damaged"),
        (lambda file: file.write_bytes(b"not a checkpoint"), "damaged"),
        (lambda file: torch.save({"format": 99}, file), "another version"),
        (lambda file: trained(seed=3, checkpoint=file), "another run"),
    ],
)
def test_a_checkpoint_that_does_not_serve_is_passed_over(tmp_path, spoil, says):
    file = tmp_path / "checkpoint"
    whole, _ = trained(checkpoint=file)
    spoil(file)
    module, told = lift(network()), []
    drain(train(module, *stripes(), QUICK, seed=0, checkpoint=file), told.append)
    assert says in told[0].text
    assert weights(module).equal(weights(whole))


def test_a_checkpoint_is_never_unpickled(tmp_path):
    class Evil:
        def __reduce__(self):
            return (pytest.fail, ("the checkpoint ran code",))

    file = tmp_path / "checkpoint"
    torch.save({"format": 1, "run": Evil()}, file)
    told = []
    drain(train(lift(network()), *stripes(), QUICK, seed=0, checkpoint=file), told.append)
    assert "damaged" in told[0].text


def test_divergence_is_said():
    with pytest.raises(Failed, match=r"no longer a number in epoch 1.*learning rate below 1e\+20"):
        trained(Training(epochs=1, learning_rate=1e20))


def test_one_image_left_over_does_not_break_batch_norm():
    images, labels = stripes(33)  # 16 + 16 + 1
    b = Builder("norm", (1, 8, 8))
    x = b.batch_norm("bn", b.global_average_pool("pool", b.conv("conv", b.input, 4, kernel=3)))
    module = lift(b.network(b.fc("fc", b.flatten("flatten", x), 3)))
    assert len(drain(train(module, images, labels, QUICK, seed=0))) == 3


def test_labels_beyond_the_outputs():
    images, labels = stripes()
    with pytest.raises(BadInput, match=r"3 outputs.*up to 7"):
        drain(train(lift(network()), images, labels + 5, QUICK, seed=0))
    with pytest.raises(BadInput, match="90 training images and 89 labels"):
        drain(train(lift(network()), images, labels[1:], QUICK, seed=0))


def test_channels_last_inputs_are_augmented_too():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = lift(network())

        def forward(self, x):
            assert x.shape[1:] == (8, 8, 1)
            return self.inner(x.movedim(-1, 1))

    images, labels = stripes()
    how = Training(epochs=1, shift=1)
    first, last = lift(network(softmax=False)), Last()
    last.inner = lift(network(softmax=False))
    drain(train(first, images, labels, how, seed=0))
    drain(train(last, np.moveaxis(images, 1, -1), labels, how, seed=0, layout="NHWC"))
    assert weights(last).allclose(weights(first))


@pytest.mark.parametrize(
    ("training", "epochs", "expected"),
    [
        (Training(epochs=4, learning_rate=0.2), 0, 0.2),
        (Training(epochs=4, learning_rate=0.2), 2, 0.1),
        (Training(epochs=4, learning_rate=0.2), 1, 0.1 * (1 + math.sqrt(0.5))),
        (Training(epochs=4, learning_rate=0.2), 4, 0.0),
        (Training(epochs=4, learning_rate=0.2, schedule="constant"), 3.9, 0.2),
        (Training(epochs=5, learning_rate=0.2, warmup=1), 0.25, 0.05),
        (Training(epochs=5, learning_rate=0.2, warmup=1), 3, 0.1),
    ],
)
def test_learning_rate(training, epochs, expected):
    assert training.learning_rate_at(epochs) == pytest.approx(expected)


def test_training_without_augmentation_yields_progress_values():
    first = next(train(lift(network()), *stripes(), QUICK, seed=0))
    assert isinstance(first, Progress)
