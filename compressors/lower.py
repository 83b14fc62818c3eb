"""From a trained module back to the graph it was lifted from: the same nodes and names, with what was learnt."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from collections import defaultdict

import numpy as np
import onnx_ir as ir
from torch import nn

from compressors.lift import Binding, bindings
from compressors.weights import source
from profiler import shapes
from profiler.network import Network, set_weight

Learnt = list[tuple[Binding, np.ndarray]]


def lower(module: nn.Module, network: Network) -> Network:
    """`network` with the weights of `module`, which was lifted from it. What did not change stays bit for bit.

    Reads `module.weight` as the layer itself sees it, so masks count. Weights of another shape are followed through
    the graph, `group` too. An initializer that two layers shared and that now differs is stored for each.
    Raises BadInput when new shapes do not fit the graph.
    """
    model = network.edit()
    nodes = {node.name: node for node in model.graph}
    learnt: defaultdict[ir.Value, Learnt] = defaultdict(list)
    for binding in bindings(module):
        learnt[source(_input(nodes, binding))].append((binding, _value(module, binding)))
    changed = reshaped = False
    for value, items in learnt.items():
        for name, values in _renamed(model, nodes, value, items).items():
            if not _same(model, name, values):
                changed, reshaped = True, set_weight(model, name, values) or reshaped
    if not changed:
        return network
    if reshaped:
        _set_groups(module, nodes)
        shapes.refresh(model)
    return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)


def _input(nodes: dict[str | None, ir.Node], binding: Binding) -> ir.Value:
    value = nodes[binding.node].inputs[binding.index]
    assert value is not None
    return value


def _value(module: nn.Module, binding: Binding) -> np.ndarray:
    owner = module.get_submodule(binding.path) if binding.path else module
    values: np.ndarray = getattr(owner, binding.attribute).detach().cpu().numpy()
    return np.asarray(values.T if binding.turned else values, order="C")  # ascontiguousarray makes (1,) of ()


def _renamed(
    model: ir.Model, nodes: dict[str | None, ir.Node], value: ir.Value, items: Learnt
) -> dict[str, np.ndarray]:
    """New values by initializer; those that differ from the first one’s get an initializer of their own."""
    first = items[0][1]
    name = value.name or ""
    for binding, values in items[1:]:
        if values.shape != first.shape or values.tobytes() != first.tobytes():
            _give_own(model, nodes[binding.node], binding, values)
    return {name: first}


def _give_own(model: ir.Model, node: ir.Node, binding: Binding, values: np.ndarray) -> None:
    taken = model.graph.initializers
    base = name = f"{node.name}.{binding.attribute}"
    count = 1
    while name in taken:
        name, count = f"{base}_{count}", count + 1
    tensor = ir.Tensor(values, name=name)
    own = ir.Value(name=name, type=ir.TensorType(tensor.dtype), shape=ir.Shape(values.shape), const_value=tensor)
    model.graph.register_initializer(own)
    old = _input({node.name: node}, binding)
    node.replace_input_with(binding.index, own)
    producer = old.producer()
    if producer is not None and producer.op_type == "Identity" and not old.uses() and not old.is_graph_output():
        model.graph.remove(producer, safe=True)


def _same(model: ir.Model, name: str, values: np.ndarray) -> bool:
    """Bit for bit: −0 is not 0, and NaN is itself."""
    tensor = _tensor(model, name)
    if tensor is None or tuple(tensor.shape.numpy()) != values.shape:
        return False
    old = np.ascontiguousarray(tensor.numpy())
    return bool(np.array_equal(old.reshape(-1).view(np.uint8), values.reshape(-1).view(np.uint8)))


def _tensor(model: ir.Model, name: str) -> ir.TensorProtocol | None:
    value = model.graph.initializers.get(name)
    if value is not None:
        return value.const_value
    made = (node.outputs[0] for node in model.graph if node.op_type == "Constant")
    return next((ir.convenience.get_const_tensor(output) for output in made if output.name == name), None)


def _set_groups(module: nn.Module, nodes: dict[str | None, ir.Node]) -> None:
    for binding in bindings(module):
        layer = module.get_submodule(binding.path) if binding.path else module
        node = nodes[binding.node]
        if node.op_type in ("Conv", "ConvTranspose") and hasattr(layer, "groups"):
            node.attributes["group"] = ir.AttrInt64("group", int(layer.groups))  # type: ignore[arg-type]
