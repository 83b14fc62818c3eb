"""What the methods that train share: training on the data, with the exact zeros kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from compressors.method import Context
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.progress import Job, scaled

if TYPE_CHECKING:
    from torch import fx, nn

    from compressors.data.data_set import DataSet, Split
    from compressors.data.prepare import Inputs
    from compressors.train import Training
    from profiler.network import Network

AT_ONCE = 250  # validation images run together


def training_of(step: Any) -> Training:
    """The knobs of a step as the training loop's settings: those of the same name."""
    from compressors.train import Training

    return Training(**{f.name: getattr(step, f.name) for f in fields(Training) if hasattr(step, f.name)})


def retrain(
    network: Network,
    context: Context,
    step: Any,
    *,
    keep_zeros: bool,
    part: str,
    adapt: Callable[[nn.Module], None] | None = None,
    after_step: Callable[[nn.Module], Callable[[nn.Module], None]] | None = None,
) -> Job[Network]:
    """Lift, train on the training split with the step's knobs, lower.

    Weights of rank 2 and more that are exactly zero stay exactly zero where `keep_zeros`. `part` names the
    checkpoint in the context's folder, and is different for each training of a run; `adapt` may change the lifted
    module first; `after_step`, given the module, makes what is called after each step (with the zeros kept before it).
    Raises BadInput when there is no data, or the network cannot be lifted or fed with it.
    """
    from compressors.lift import lift
    from compressors.lower import lower
    from compressors.train import train

    if context.data is None:
        raise BadInput("This step needs data to train.", fix="Choose a data set, or set epochs to 0.")
    images, labels = yield from scaled(tensors_of(network, context.data.split("train")), 0.0, 0.02)
    validate = yield from _validation(network, context.data)
    module = lift(network)
    if adapt is not None:
        adapt(module)
    training = train(
        module,
        images,
        labels,
        training_of(step),
        seed=context.seed,
        after_step=_in_turn(module, *([zeros_kept] if keep_zeros else []), *([after_step] if after_step else [])),
        checkpoint=None if context.folder is None else context.folder / f"{part}.pt",
        validate=validate,
        threads=context.threads,
        layout=recipe_of(network).layout,
    )
    rows = yield from scaled(training, 0.02, 1.0)
    for row in rows:
        context.learned(row)
    return lower(module, network)


def _in_turn(
    module: nn.Module, *makers: Callable[[nn.Module], Callable[[nn.Module], None]]
) -> Callable[[nn.Module], None]:
    """One call for what each of these makes of the module as it is now."""
    made = [make(module) for make in makers]

    def each(trained: nn.Module) -> None:
        for one in made:
            one(trained)

    return each


def _validation(network: Network, data: DataSet) -> Job[Callable[[nn.Module], float] | None]:
    """Accuracy on the validation split, where the data have one."""
    if not data.sizes.get("validation"):
        return None
    images, labels = yield from scaled(tensors_of(network, data.split("validation")), 0.02, 0.02)
    return accuracy_on(images, labels)


def zeros_kept(module: nn.Module) -> Callable[[nn.Module], None]:
    """What to call after each step of training: puts +0.0 where a weight of rank 2 or more is exactly zero now."""
    import torch

    places = {name: weight == 0 for name, weight in module.named_parameters() if weight.dim() >= 2}
    zeros = {name: where for name, where in places.items() if bool(where.any())}

    @torch.no_grad()
    def put_back(trained: nn.Module) -> None:
        for name, weight in trained.named_parameters():
            if name in zeros:
                weight.masked_fill_(zeros[name], 0.0)

    return put_back


def rescale_dropout(module: nn.Module, kept: Mapping[str, float]) -> None:
    """Han 2015 §3.2: a sparser layer is already less able to overfit, so its dropout rate falls while retraining.

    D_r = D_o · √(C_r / C_o), C being the layer’s connections after and before; `kept` is their ratio by layer. A
    Dropout belongs to the nearest layer with weights before it.
    """
    from torch import fx
    from torch.nn import Dropout

    from compressors.lift import bindings

    assert isinstance(module, fx.GraphModule)
    layers = {binding.path: binding.node for binding in bindings(module) if binding.attribute == "weight"}
    for node in module.graph.nodes:
        dropout = module.get_submodule(str(node.target)) if node.op == "call_module" else None
        if isinstance(dropout, Dropout):
            before = _layer_before(node, layers.keys() & {path for path, name in layers.items() if name in kept})
            dropout.p *= math.sqrt(kept[layers[before]]) if before is not None else 1.0


def _layer_before(node: fx.Node, paths: Container[str]) -> str | None:
    """The path of the nearest of these modules on the way back along first inputs."""
    while node.args and hasattr(node.args[0], "op"):
        node = cast("fx.Node", node.args[0])
        if node.op == "call_module" and str(node.target) in paths:
            return str(node.target)
    return None


def tensors_of(network: Network, split: Split) -> Job[tuple[Inputs, np.ndarray]]:
    """The split's images as the network takes them, and their classes as it numbers them."""
    from compressors.data.prepare import output_labels, preparing

    shape = next(iter(network.inputs.values()))
    recipe = recipe_of(network)
    images = yield from preparing(split, recipe, shape)
    outputs = network.model.graph.outputs[0].shape
    classes = outputs[-1] if outputs is not None and len(outputs) else None
    return images, output_labels(split, recipe, classes if isinstance(classes, int) else len(split.classes))


def recipe_of(network: Network) -> InputRecipe:
    """How images become this network's input: its own recipe, or grey or RGB by its channels."""
    if network.input_recipe is not None:
        return network.input_recipe
    shape = next(iter(network.inputs.values()))
    return InputRecipe(colour="grey" if len(shape) != 4 or shape[1] == 1 else "rgb")


def accuracy_on(images: Inputs, labels: np.ndarray) -> Callable[[nn.Module], float]:
    """What says the share of these images that a module, in eval mode, gets right."""
    import torch

    @torch.no_grad()
    def accuracy(module: nn.Module) -> float:
        right = 0
        for start in range(0, len(labels), AT_ONCE):
            part = np.arange(start, min(start + AT_ONCE, len(labels)))
            outputs: Any = module(torch.as_tensor(np.ascontiguousarray(images[part], np.float32)))
            scores: Any = cast("Any", outputs[0]) if isinstance(outputs, tuple) else outputs
            right += int(np.count_nonzero(scores.flatten(1).argmax(1).numpy() == labels[part]))
        return right / max(1, len(labels))

    return accuracy
