"""A network's activity on a data set: it runs with every intermediate value handed out, and only counts are kept."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from compressors.data.data_set import Split
from compressors.data.prepare import prepare
from compressors.onnx_file import OnnxFile, plain_recipe
from profiler import shapes
from profiler.activity import Activity, Seen, Watched, activity
from profiler.breakdown import LayerCost, breakdown
from profiler.errors import BadInput
from profiler.functions import inlined
from profiler.network import Network, save
from profiler.progress import Job, Progress
from profiler.watching import watched, weight_share

SAMPLES = 500
VALUES_AT_ONCE = 4_000_000
"""Values of one batch that are there together: 16 MB of floats; never less than one image."""


def measure_activity(
    network: Network,
    split: Split,
    *,
    samples: int = SAMPLES,
    threads: int = 1,
    batch: int | None = None,
    folder: Path | None = None,
) -> Job[Activity]:
    """Run `samples` images, spread evenly over the split, and count what is not zero in every layer.

    A copy of the network lies in `folder` (the system's own for such files when None) while it runs. A batch that the
    graph fixes is kept to: then only whole batches are taken, or one that repeats the images there are. Nothing is
    chosen by the result, so any split may be looked at. Raises BadInput when there are no images, when ONNX Runtime
    can't load the network or when images do not fit it; Failed when it can't be run.
    """
    if len(split) == 0 or samples < 1:
        raise BadInput("There are no images to run.", fix="Choose another split, or more images.")
    yield Progress(0.0, "Following the layers")
    counted = breakdown(network)
    watch = watched(network)
    weights = yield from _weights(network, counted.layers)
    with tempfile.TemporaryDirectory(prefix=".incoming-netbonsai-", dir=folder) as temporary:
        file = yield from _opened(network, watch, Path(temporary) / "network.onnx", threads)
        size = file.batch(batch or _batch(watch, {layer.name: layer.activation_bytes for layer in counted.layers}))
        chosen = _chosen(len(split), samples, size if isinstance(file.shape[0], int) else 1)
        seen = yield from _count(file, network, watch, split.take(chosen), size)
    return activity(network.name, counted.layers, watch, seen, weights, len(chosen))


def _weights(network: Network, layers: Iterable[LayerCost]) -> Job[dict[str, float | None]]:
    shares: dict[str, float | None] = {}
    for layer in layers:
        if layer.kind != "other" and layer.weight is not None:
            yield Progress(0.0, f"Counting the weights of {layer.name}")
            shares[layer.name] = weight_share(network, layer)
    return shares


def _opened(network: Network, watch: Iterable[Watched], path: Path, threads: int) -> Job[OnnxFile]:
    yield Progress(0.02, "Writing a copy that hands out every layer’s values")
    save(handing_out(network, watch), path)
    yield Progress(0.05, "Loading it")
    return OnnxFile(path, threads, network.name)


def handing_out(network: Network, watch: Iterable[Watched]) -> Network:
    """A copy with the watched values among its outputs, behind its own."""
    model = inlined(network.edit())  # values inside a function cannot be handed out
    shapes.infer(model)  # an output must say its type
    wanted = {name for each in watch for name in (each.own, each.hands_on, each.reads) if name}
    made = [value for node in model.graph for value in node.outputs if value.name in wanted]
    model.graph.outputs.extend(value for value in made if not value.is_graph_output() and value.type is not None)
    return Network.from_model(model, name=network.name)


def _batch(watch: Iterable[Watched], bytes_by_layer: Mapping[str, int | None]) -> int:
    """As many images as leave the values of one batch few; sizes that are not known count as none."""
    values = sum((bytes_by_layer.get(each.layer) or 0) // 4 for each in watch)
    return max(1, min(256, VALUES_AT_ONCE // max(values, 1)))


def _chosen(there: int, samples: int, whole: int) -> np.ndarray:
    """Indices of images, evenly spread, in whole batches of `whole`."""
    count = min(there, samples) // whole * whole or whole
    return np.arange(count) * there // count


def _count(
    file: OnnxFile, network: Network, watch: Iterable[Watched], images: Split, size: int
) -> Job[dict[str, Seen]]:
    recipe = network.input_recipe or plain_recipe(file.shape)
    wanted = {name for each in watch for name in (each.own, each.hands_on, each.reads) if name}
    names = sorted(wanted & set(file.outputs))
    seen: dict[str, Seen] = {}
    for start in range(0, len(images), size):
        part = slice(start, min(start + size, len(images)))
        fed = prepare(images.images[part], recipe, file.shape)
        values = dict(zip(names, file.run(names, fed, size), strict=True)) | {file.input: fed}
        for name in wanted & values.keys():
            nonzero, total = seen.get(name, (0, 0))
            seen[name] = nonzero + int(np.count_nonzero(values[name])), total + int(values[name].size)
        done = part.stop / len(images)
        yield Progress(0.05 + 0.95 * done, f"Looking at activations, {part.stop:,} of {len(images):,} images")
    return seen
