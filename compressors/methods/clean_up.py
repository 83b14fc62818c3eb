"""Exact clean-ups: what costs something and does nothing is taken out; the network computes the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from compressors.method import Context, Group, knob, method
from profiler.breakdown import Breakdown
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    import onnx_ir as ir

    from profiler.network import Network

IDLE = ("Identity", "Dropout")


@method
@dataclass(frozen=True)
class CleanUp:
    """Fold BatchNorm into the layers before it, and drop nodes and channels that do nothing."""

    key: ClassVar[str] = "clean_up"
    title: ClassVar[str] = "Clean up"
    group: ClassVar[Group] = "clean up"
    gain: ClassVar[str] = "The same outputs from fewer nodes, and from fewer channels where pruning left empty ones."

    fold_batch_norm: bool = knob(
        True,
        kind="switch",
        label="Fold BatchNorm",
        help="Into the layer before it. Exact but for rounding; it can't be trained as BatchNorm any more.",
    )
    drop_idle: bool = knob(
        True, kind="switch", label="Drop idle nodes", help="Identity and Dropout: needed for training only."
    )
    remove_dead: bool = knob(
        True,
        kind="switch",
        label="Remove dead channels",
        help="Channels that are made by zeros only, or read by zeros only.",
    )

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The same function from less; the very same network where nothing was found."""
        from compressors.cleaning.batch_norm import fold_batch_norms
        from compressors.cleaning.dead_channels import remove_dead_channels
        from profiler import shapes
        from profiler.network import Network
        from profiler.normalise import normalised

        yield Progress(0.0, "Reading the network")
        model = normalised(network).edit()
        folded = fold_batch_norms(model) if self.fold_batch_norm else []
        yield Progress(0.3, "Looking for nodes that do nothing")
        dropped = _drop_idle(model) if self.drop_idle else []
        yield Progress(0.5, "Looking for dead channels")
        removed = remove_dead_channels(model) if self.remove_dead else {}
        if not (folded or dropped or removed):
            return network
        context.found("folded", folded)
        context.found("dropped", dropped)
        context.found("dead_channels", removed)
        shapes.refresh(model)
        return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """None: what is not there is not cleaned up."""
        del network, has_data
        return []

    def summary(self) -> str:
        """Nothing: its title says it all."""
        return ""


def _drop_idle(model: ir.Model) -> list[str]:
    """Take out Identity and Dropout (which at inference does nothing, where nobody reads its mask)."""
    from profiler.rewriting import bypass

    names: list[str] = []
    for node in list(model.graph):
        mask_read = any(value.uses() or value.is_graph_output() for value in node.outputs[1:])
        if node.op_type in IDLE and not mask_read and not _trains(node):
            bypass(model, node)
            if node.graph is None:
                names.append(node.name or "")
    return names


def _trains(node: ir.Node) -> bool:
    """A Dropout that is told to drop values even now (opset 12 on: its third input)."""
    from profiler.rewriting import constant

    given = node.inputs[2] if node.op_type == "Dropout" and len(node.inputs) > 2 else None
    told = constant(given)
    return given is not None and (told is None or bool(told.any()))
