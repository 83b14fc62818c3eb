"""All of AlexNet (random weights, 61 M) pruned, shared and packed: `python tests/benchmarks/alexnet_pack.py`.

Bars: under 60 seconds and under 2 GB of memory, from the network to the file; it then opens bit for bit.
"""

import resource
import tempfile
import time
from pathlib import Path

from compressors.method import Context
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.weight_sharing import WeightSharing
from compressors.packing import pack, unpack
from profiler.formats import read
from profiler.progress import drain

PRUNE = MagnitudePruning(by="share", share=0.89, scope="layer", epochs=0)  # Han 2015 keeps 11 % of AlexNet
CONV = ("conv1", "conv2", "conv3", "conv4", "conv5")
SHARE = WeightSharing(bits=5, per_layer=dict.fromkeys(CONV, 8), epochs=0)


def megabytes() -> float:
    """The largest resident set so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    network = read("zoo:AlexNet")
    began = time.monotonic()
    pruned = drain(PRUNE.apply(network, Context()))
    print(f"pruned {time.monotonic() - began:5.1f} s, peak {megabytes():,.0f} MB")
    shared = drain(SHARE.apply(pruned, Context()))
    print(f"shared {time.monotonic() - began:5.1f} s, peak {megabytes():,.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alexnet.nbz"
        summary = drain(pack(shared, path))
        print(f"packed {time.monotonic() - began:5.1f} s, peak {megabytes():,.0f} MB")
        began = time.monotonic()
        back = unpack(path)
        print(f"opened {time.monotonic() - began:5.1f} s more, peak {megabytes():,.0f} MB")
    same = all(back.weight(name).tobytes() == shared.weight(name).tobytes() for name in shared.weights())
    print(f"every weight the same: {same}")
    print(f"{'tensor':14} {'form':>8} {'bytes':>12} {'packed':>10} {'index':>10} {'codebook':>9} {'limit':>10}  times")
    for row in (row for row in summary.layers if row.original > 10_000):
        print(
            f"{row.name:14} {row.form:>8} {row.original:12,} {row.packed:10,} {row.index:10,} {row.codebook:9,} "
            f"{row.entropy:10,} {row.original / row.packed:6.1f}"
        )
    ratio = summary.original_bytes / summary.packed_bytes
    print(f"file {summary.original_bytes:,} → {summary.packed_bytes:,}, {ratio:.1f} times; {summary.entropy_bytes:,}")


if __name__ == "__main__":
    main()
