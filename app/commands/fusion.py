"""What a runtime makes of a network: which layers become one kernel, and what that saves."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app import words
from app.answers import Answer
from app.commands.networks import named_network
from app.commands.say import Say
from profiler.plain import to_plain

if TYPE_CHECKING:
    from profiler.fusion import Fusion, Kernel, Siblings


def fusion(args: Namespace, say: Say) -> None:
    """Kernels and memory traffic before and after, and siblings that could be one."""
    from profiler.fusion import fusion as find

    found = find(named_network(args))
    say.answer(answer(found))
    _say(found, say)


def answer(found: Fusion) -> Answer:
    return {
        "network": found.network,
        "runtime": found.runtime,
        "kernels_before": len(found.before),
        "kernels_after": len(found.after),
        "traffic_before_bytes": found.traffic_before_bytes,
        "traffic_after_bytes": found.traffic_after_bytes,
        "saved_bytes": found.saved_bytes,
        "vanished": list(found.vanished),
        "added": list(found.added),
        "before": [to_plain(kernel) for kernel in found.before],
        "after": [to_plain(kernel) for kernel in found.after],
        "siblings": [to_plain(group) for group in found.siblings],
    }


def _say(found: Fusion, say: Say) -> None:
    say.line(f"{found.network} · {found.runtime}")
    say.line(f"{words.plural(len(found.before), 'kernel')} in the file, {len(found.after)} as it runs{_added(found)}")
    say.line(
        f"Memory traffic {_bytes(found.traffic_before_bytes)} → {_bytes(found.traffic_after_bytes)}{_saved(found)}"
    )
    say.line()
    traffic = {kernel.name: kernel.traffic_bytes for kernel in found.before}
    head = ("Layers in the file", "Kernel", "Apart", "As it runs")
    say.table(head, [_row(kernel, traffic) for kernel in found.after], left=2)
    if found.vanished:
        say.line()
        say.line(f"No kernel any more: {', '.join(found.vanished)}.")
    if found.siblings:
        say.line()
        say.line("Side by side on one input, alike but for their filters: could be one kernel each.")
        head = ("Layers", "Read", "Kernels saved", "Bytes saved")
        say.table(head, [_sibling_row(group) for group in found.siblings], left=2)


def _added(found: Fusion) -> str:
    return f" ({len(found.added)} of them put in by the runtime)" if found.added else ""


def _saved(found: Fusion) -> str:
    saved, before = found.saved_bytes, found.traffic_before_bytes
    if not saved or not before:
        return ""
    return f": {words.percent(abs(saved) / before)} {'less' if saved > 0 else 'more'}"


def _bytes(size: int | None) -> str:
    return "not known" if size is None else words.megabytes(size)


def _row(kernel: Kernel, traffic: dict[str, int | None]) -> tuple[str, ...]:
    layers = " + ".join(kernel.covers) or "(put in by the runtime)"
    apart = _sum(traffic.get(layer) for layer in kernel.covers)
    op = kernel.op.rpartition("::")[2]
    return layers, op, _bytes(apart) if kernel.covers else words.does_not_apply, _bytes(kernel.traffic_bytes)


def _sum(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size or 0 for size in known)


def _sibling_row(group: Siblings) -> tuple[str, ...]:
    read = group.made_by or group.input
    return " + ".join(group.layers), read, words.exact(group.saved_kernels), _bytes(group.saved_bytes)
