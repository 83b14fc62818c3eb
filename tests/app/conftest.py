"""A small study made by hand: LeNet-5 (Caffe's), and a pruned version. Its numbers are invented or counted by hand.

And how a command is run: `run` and `answer`.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app import cli
from app.facts import CandidateBorn, DataChosen, Evaluated, Fact, Packed, PackedLayer, Profiled, Stored, StudyNamed
from app.study import Study, replay
from profiler.breakdown import Breakdown, LayerCost
from profiler.measurement import DeviceFacts, LayerTiming, Load, Memory, Profile, ProfileSettings


def layer(name, op, kind, shapes, params=0, macs=0, bias_adds=0) -> LayerCost:
    into, weight, out = shapes
    activation = 4 * int(np.prod(out))
    held = f"{name}.weight" if weight else None
    return LayerCost(name, op, kind, into, weight, out, params, macs, bias_adds, 4 * params, activation, held)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_boards(tmp_path_factory):
    """No test sees the boards of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETBONSAI_CONFIG", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def lenet() -> Breakdown:
    """conv 5·5·1·20 + 20 = 520; 5·5·20·50 + 50 = 25,050; fc 800·500 + 500 = 400,500; 500·10 + 10 = 5,010."""
    return Breakdown(
        "LeNet-5",
        {"data": (1, 1, 28, 28)},
        13,
        (
            layer("conv1", "Conv", "conv", ((1, 1, 28, 28), (20, 1, 5, 5), (1, 20, 24, 24)), 520, 288_000, 11_520),
            layer("pool1", "MaxPool", "other", ((1, 20, 24, 24), None, (1, 20, 12, 12))),
            layer("conv2", "Conv", "conv", ((1, 20, 12, 12), (50, 20, 5, 5), (1, 50, 8, 8)), 25_050, 1_600_000, 3200),
            layer("pool2", "MaxPool", "other", ((1, 50, 8, 8), None, (1, 50, 4, 4))),
            layer("ip1", "Gemm", "fc", ((1, 800), (500, 800), (1, 500)), 400_500, 400_000, 500),
            layer("ip2", "Gemm", "fc", ((1, 500), (10, 500), (1, 10)), 5010, 5000, 10),
        ),
    )


@pytest.fixture(scope="session")
def profile_of() -> Callable[..., Profile]:
    """A profile with the median `ms`, a spread of 5 % to each side, and times by layer in microseconds."""

    def make(ms: float, by_layer=None, **changes) -> Profile:
        by_layer = by_layer or {"conv1": 40.0, "conv2": 60.0, "ip1": 80.0, "ip2": 2.0}
        made = Profile(
            network="d" * 64,
            device=DeviceFacts("cpu", model="Test board", cpu="Test CPU", cores=2, engines={"onnxruntime": "1.20"}),
            settings=ProfileSettings(runs=4, warmup=1),
            at="2026-01-02T03:04:05Z",
            latencies_ms=(0.95 * ms, ms, ms, 1.05 * ms),
            profiled_ms=(ms * 1.1,) * 2,
            layers=tuple(LayerTiming(name, (name,), (us, us)) for name, us in by_layer.items()),
            memory=Memory(10.0, 12.5, 1.72, None),
            load=Load(0.03, 0.04, ("Clocks are not locked.",)),
        )
        return replace(made, **changes)

    return make


@pytest.fixture(scope="session")
def facts_of(lenet, profile_of) -> Callable[[], list[Fact]]:
    """A: the baseline, 98.0 % of 200 images, 0.200 ms. B: 34,486 weights left, 97.5 %, 154 kB packed, 0.198 ms."""

    def make() -> list[Fact]:
        by_layer = {"conv1": 500, "conv2": 5050, "ip1": 28_000, "ip2": 916}
        packed = tuple(PackedLayer(f"{n}.weight", n, 4 * k, k, k // 4, "csr") for n, k in by_layer.items())
        steps = ({"method": "magnitude_pruning", "share": 0.92}, {"method": "fine_tune", "epochs": 2})
        return [
            StudyNamed("LeNet-5 on this computer"),
            DataChosen("digits", "Digits", tuple("0123456789"), {"train": 1000, "validation": 100, "test": 200}),
            CandidateBorn("A", None, "Baseline", "zoo:LeNet-5", "LeNet-5", lenet, 431_080),
            Stored("A", "a" * 64, 1_726_000, 431_080, {"conv1": 500, "conv2": 25_000, "ip1": 400_000, "ip2": 5000}),
            Evaluated("A", "Digits", "test", 0.98, 1.0, 196, 200, "1" * 64),
            Packed("A", "c" * 64, 1_726_000, 1_600_000, 1_590_000, ()),
            Profiled("A", "cpu", profile_of(0.200)),
            CandidateBorn("B", "A", "Prune to 8 %", f"object:{'b' * 64}", "LeNet-5-B.onnx", lenet, 34_486, steps,
                layer_nonzero=by_layer, took_s=41.0, training=({"epoch": 1, "loss": 0.3, "validation": 0.96},
                {"epoch": 2, "loss": 0.1, "validation": 0.97})),
            Stored("B", "b" * 64, 1_726_000, 34_486, by_layer),
            Evaluated("B", "Digits", "test", 0.975, 1.0, 195, 200, "2" * 64),
            Packed("B", "e" * 64, 1_726_000, 154_000, 140_000, packed),
            Profiled("B", "cpu", profile_of(0.198)),
        ]  # fmt: skip

    return make


@pytest.fixture
def study(facts_of) -> Study:
    return replay(facts_of())


@pytest.fixture
def run(capsys):
    """Run a command in this process: its status, its stdout and its stderr."""

    def call(*arguments):
        status = cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def answer(run):
    """The JSON object of a command that succeeds: the only thing on stdout, on one line."""

    def call(*arguments):
        status, out, err = run(*arguments, "--json")
        assert status == 0, err
        assert out.count("\n") == 1
        return json.loads(out)

    return call
