"""Channels are really gone, nothing else is, targets are met, and what cannot be cut is named."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from compressors import recipe
from compressors.channels import blocks
from compressors.channels.choosing import Ladder, Tally
from compressors.channels.families import Side, channels_of
from compressors.channels.importance import by_activation, by_taylor, by_weights, kept
from compressors.channels.removing import check, gone, without
from compressors.data import DataSet
from compressors.method import Context
from compressors.methods.channel_pruning import ChannelPruning
from compressors.methods.retraining import tensors_of
from profiler import zoo
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput, Failed
from profiler.network import Network
from profiler.progress import Progress, drain


def run(network: Network) -> np.ndarray:
    """The first output of ONNX Runtime, on the same random input each time."""
    session = onnxruntime.InferenceSession(b"".join(network.pieces()), providers=["CPUExecutionProvider"])
    fed = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in fed.shape]
    values = np.random.default_rng(3).standard_normal(shape, dtype=np.float32)
    return session.run(None, {fed.name: values})[0]


def with_dead(network: Network, share: float) -> tuple[Network, tuple[int, ...]]:
    """The network with this share of the channels that may go made of zeros; how many live in each family."""
    channels = channels_of(network)
    rng = np.random.default_rng(5)
    changed: dict[str, np.ndarray] = {}
    counts: list[int] = []
    for family in channels.families:
        dead = rng.permutation(family.size)[: int(share * family.size)]
        counts.append(family.size - len(dead))
        for side, places in family.members.items():
            name = channels.names.get(side.path)
            layer = breakdown(network).layer(name) if name else None
            if side.way == "out" and layer is not None and layer.weight and layer.kind != "other":
                values = changed.setdefault(layer.weight, network.weight(layer.weight).copy())
                values[places[dead].reshape(-1)] = 0
    return network.with_weights(changed), tuple(counts)


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-20", "ResNet-8", "SqueezeNet-1.1", "MobileNet-v2", "GoogLeNet"])
def test_taking_out_what_is_zero_changes_nothing(name):
    network, counts = with_dead(zoo.build(name), 0.4)
    channels = channels_of(network)
    stays = kept(by_weights(channels, 2), counts)
    places = gone(channels, stays)
    made = without(channels, places)
    assert breakdown(made).totals().macs < 0.75 * breakdown(network).totals().macs
    before, after = run(network), run(made)
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-4 * np.abs(before).max())
    assert before.std() > 0
    check(channels, places, made)


def test_channels_through_a_shortcut_of_zeros():
    """ResNet-20’s shortcuts pad with zeros: 16 channels run through all stages, 16 from the second, 32 in the third."""
    channels = channels_of(zoo.build("ResNet-20"))
    shared = sorted(family.size for family in channels.families if len(channels.makers(family)) > 1)
    assert shared == [16, 16, 32]
    everywhere = next(family for family in channels.families if family.size == 16 and len(channels.makers(family)) > 8)
    last = everywhere.members[Side("layer3_2_conv2", "out")][:, 0]
    assert last.tolist() == list(range(8 + 16, 8 + 16 + 16))  # 8 zeros before in stage 2, 16 in stage 3


def test_depthwise_and_its_group_follow():
    made = drain(ChannelPruning(left=0.5, block=8, epochs=0).apply(zoo.build("MobileNet-v2"), Context()))
    convs = [node for node in made.model.graph if node.op_type == "Conv"]
    depthwise = [node for node in convs if node.attributes.get_int("group", 1) > 1]
    assert len(depthwise) == 17
    for node in depthwise:
        assert made.weight(node.inputs[1].name).shape[:2] == (node.attributes.get_int("group", 1), 1)
    assert run(made).shape == (1, 1000)


@pytest.mark.parametrize("block", [1, 8, 16])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_counts_are_multiples_of_the_block(block, scope):
    made = drain(ChannelPruning(left=0.55, block=block, scope=scope, epochs=0).apply(zoo.build("ResNet-20"), Context()))
    counts = [layer.output_shape[1] for layer in breakdown(made).layers if layer.op == "Conv"]
    assert all(count % block == 0 and count >= block for count in counts)
    assert run(made).shape == (1, 10)


@pytest.mark.parametrize("of", ["operations", "parameters", "bytes"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_targets_are_met_and_not_by_far(of, scope):
    network = zoo.build("ResNet-20")
    made = drain(ChannelPruning(of=of, left=0.4, scope=scope, block=1, epochs=0).apply(network, Context()))
    name = {"operations": "macs", "parameters": "params", "bytes": "weight_bytes"}[of]
    share = getattr(breakdown(made).totals(), name) / getattr(breakdown(network).totals(), name)
    assert 0.38 <= share <= 0.4


def test_the_tally_is_what_is_counted():
    network = zoo.build("SqueezeNet-1.1")
    channels = channels_of(network)
    counts = tuple(max(1, family.size // 3) for family in channels.families)
    made = without(channels, gone(channels, kept(by_weights(channels, 1), counts)))
    totals = breakdown(made).totals()
    assert Tally(channels, "operations")(counts) == pytest.approx(totals.macs, rel=1e-9)
    assert Tally(channels, "parameters")(counts) == pytest.approx(totals.params, rel=1e-9)
    assert Tally(channels, "bytes")(counts) == pytest.approx(totals.weight_bytes, rel=1e-9)


class Clock:
    """Measures a network by its operations: 1 ms for each million."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, network):
        self.asked += 1
        yield Progress(0.5)
        return breakdown(network).totals().macs / 1e6


def test_latency_is_measured_few_times():
    clock, found = Clock(), {}
    step = ChannelPruning(of="latency", milliseconds=20.0, block=4, epochs=0)
    made = drain(step.apply(zoo.build("ResNet-20"), Context(measure=clock, found=found.__setitem__)))
    assert 18 <= breakdown(made).totals().macs / 1e6 <= 20
    assert found["latency_ms"] == pytest.approx(breakdown(made).totals().macs / 1e6)
    assert clock.asked <= 14


def test_the_block_is_measured_on_the_device(tiny):
    found = {}

    def likes_eights(network):
        yield Progress(0.5)
        channels = next(iter(network.inputs.values()))[1]
        rounded = -(-channels // 8) * 8
        return blocks.operations(rounded) / 1e9 * (1 if channels % 8 == 0 else 1.2)

    made = drain(ChannelPruning(epochs=0, left=0.9).apply(tiny, Context(measure=likes_eights, found=found.__setitem__)))
    assert found["block"] == {"block": 8, "measured": True}
    assert [count for count, _ in found["block_curve"]] == list(blocks.COUNTS)
    assert made.weight("fc1.weight").shape[0] in (8, 16)


def test_liked_blocks():
    flat = tuple((count, blocks.operations(count) / 1e9) for count in blocks.COUNTS)
    assert blocks.liked(flat).block == 1
    fours = tuple((count, ms * (1 if count % 4 == 0 else 1.3)) for count, ms in flat)
    assert blocks.liked(fours).block == 4
    sixteens = tuple((count, ms * (1 if count % 16 == 0 else 1.3)) for count, ms in flat)
    assert blocks.liked(sixteens).block == 16


def test_ladder_rounds_and_keeps_a_block():
    ladder = Ladder([np.arange(20.0), np.arange(6.0), np.arange(64.0)], 8, "layer", [True, True, False], [False] * 3)
    assert ladder.at(0.0) == (20, 6, 64)
    assert ladder.at(0.5) == (8, 6, 64)  # 10 is nearer to 8 than to 16; 6 is less than a block; the third is not free
    assert ladder.at(1.0) == (8, 6, 64)


def test_a_family_may_go_where_its_layers_keep_others():
    """ResNet-20 with blocks of 16: the second stage falls back to the 16 channels that run through from the first."""
    made = drain(ChannelPruning(left=0.48, block=16, epochs=0).apply(zoo.build("ResNet-20"), Context()))
    widths = {layer.name: layer.output_shape[1] for layer in breakdown(made).layers if layer.op == "Conv"}
    assert widths["conv1"] == 16
    assert widths["layer2.2.conv2"] == 16
    assert run(made).shape == (1, 10)


def test_the_classes_stay(tiny):
    made = drain(ChannelPruning(left=0.2, block=1, epochs=0).apply(tiny, Context()))
    assert made.weight("fc2.weight").shape[0] == 3


def test_picked_layers_only(tiny):
    made = drain(ChannelPruning(of="parameters", left=0.6, block=1, layers=("fc1",), epochs=0).apply(tiny, Context()))
    assert made.weight("conv.weight").shape[0] == 4
    assert made.weight("fc1.weight").shape[0] < 20


def test_a_filter_that_is_silent_is_least_active_and_least_felt(tiny, data: DataSet):
    weight = tiny.weight("conv.weight").copy()
    weight[2] = 0
    channels = channels_of(tiny.with_weights({"conv.weight": weight}))
    images, labels = drain(tensors_of(channels.network, data.split("train")))
    number = next(i for i, family in enumerate(channels.families) if family.size == 4)
    for importance in (by_activation, by_taylor):
        score = drain(importance(channels, images, labels))[number]
        assert score[2] == 0
        assert np.delete(score, 2).min() > 0


@pytest.mark.parametrize("importance", ["l1", "l2", "batch_norm", "taylor", "activation"])
def test_every_importance_cuts_and_trains(tiny, data, importance):
    step = ChannelPruning(importance=importance, left=0.5, block=1, epochs=1, images=30, rounds=2)
    rows = []
    made = drain(step.apply(tiny, Context(data=data, learned=rows.append)))
    assert breakdown(made).totals().macs <= 0.5 * breakdown(tiny).totals().macs
    assert len(rows) == 2


def test_a_run_that_was_cut_off_goes_on(tiny, data, tmp_path):
    step = ChannelPruning(of="latency", left=0.5, block=1, epochs=3)
    whole = (
        drain(step.apply(tiny, Context(data=data, folder=tmp_path / "a", measure=Clock())))
        if ((tmp_path / "a").mkdir() is None)
        else None
    )
    (tmp_path / "b").mkdir()
    job = step.apply(tiny, Context(data=data, folder=tmp_path / "b", measure=Clock()))
    while "Epoch 1" not in next(job).text:
        pass
    next(job)
    job.close()
    clock = Clock()
    again = drain(step.apply(tiny, Context(data=data, folder=tmp_path / "b", measure=clock)))
    assert clock.asked == 0
    for name in whole.weights():
        assert whole.weight(name).tobytes() == again.weight(name).tobytes()


def test_a_recipe_comes_back(tiny):
    step = ChannelPruning(of="latency", milliseconds=3.5, importance="taylor", scope="global", layers=("fc1",))
    written = recipe.write(recipe.Recipe((step,), seed=4))
    assert recipe.read(written).steps == (step,)


# --------------------------------------------------------------------------------- bad input


def test_values_that_are_no_numbers(tiny):
    weight = tiny.weight("fc1.weight").copy()
    weight[3, 5] = np.nan
    with pytest.raises(BadInput, match="“fc1” hold values that are not numbers"):
        drain(ChannelPruning(epochs=0, block=1).apply(tiny.with_weights({"fc1.weight": weight}), Context()))


def test_no_data_for_taylor(tiny):
    assert ChannelPruning(importance="taylor", epochs=0).problems(breakdown(tiny), False)
    with pytest.raises(BadInput, match="looks at images"):
        drain(ChannelPruning(importance="taylor", epochs=0).apply(tiny, Context()))


def test_everything_cut_away(tiny):
    with pytest.raises(BadInput, match="Not so much can be cut"):
        drain(ChannelPruning(left=0.01, block=4, epochs=0).apply(tiny, Context()))


def test_latency_without_a_device(tiny):
    with pytest.raises(BadInput, match="measured on a device"):
        drain(ChannelPruning(of="latency", block=1, epochs=0).apply(tiny, Context()))


def test_a_split_at_written_places_is_named():
    with pytest.raises(BadInput, match=r"maxout1\.pieces"):
        drain(ChannelPruning(epochs=0).apply(zoo.build("FitNet-1"), Context()))


def test_a_convolution_in_groups_is_named_and_the_rest_is_cut():
    b = Builder("groups", (3, 16, 16))
    x = b.relu("relu1", b.conv("first", b.input, 8, kernel=3, pad=1))
    x = b.relu("relu2", b.conv("grouped", x, 8, kernel=3, pad=1, groups=2))
    x = b.relu("relu3", b.conv("last", x, 12, kernel=3, pad=1))
    network = b.network(b.fc("fc", b.flatten("flatten", b.global_average_pool("pool", x)), 4))
    found = {}
    step = ChannelPruning(left=0.9, block=1, epochs=0)
    made = drain(step.apply(network, Context(found=found.__setitem__)))
    assert set(found["channels"]) == {"last"}
    assert "2 groups" in found["held"]["first"]
    assert "2 groups" in found["held"]["grouped"]
    assert made.weight("last.weight").shape[0] < 12
    with pytest.raises(BadInput, match="“grouped” is a convolution in 2 groups"):
        drain(replace(step, layers=("first",)).apply(network, Context()))


def test_a_reshape_with_the_number_of_channels_holds_them():
    b = Builder("reshape", (3, 8, 8))
    x = b.relu("relu1", b.conv("conv", b.input, 8, kernel=3, pad=1))
    x = b.node("Reshape", "written", [x, b.setting((1, 8, 64))])
    network = b.network(x)
    with pytest.raises(BadInput, match="“written”"):
        drain(ChannelPruning(epochs=0).apply(network, Context()))


def test_an_operator_that_cannot_be_lifted_is_named():
    b = Builder("odd", (3, 8, 8))
    x = b.conv("conv", b.input, 8, kernel=3, pad=1)
    network = b.network(b.conv("other", b.node("MaxRoiPool", "odd", [x, b.constant("rois", (1, 5), 0.0)],
                                               pooled_shape=[4, 4]), 4, kernel=1))  # fmt: skip
    with pytest.raises(BadInput, match="“odd”"):
        drain(ChannelPruning(epochs=0).apply(network, Context()))


def test_a_channel_that_was_followed_wrongly_is_noticed(tiny):
    channels = channels_of(tiny)
    counts = [family.size - 1 for family in channels.families]
    places = dict(gone(channels, kept(by_weights(channels, 2), counts)))
    made = without(channels, places)
    side = next(side for side in places if side.way == "in" and side.path == "fc2")
    places[side] = (places[side] + 1) % 20
    with pytest.raises(Failed, match="not followed rightly"):
        check(channels, places, made)
