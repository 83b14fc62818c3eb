"""What a runtime made of a network, in words and as lines of a drawing. Values only; the window shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app import words
from profiler.breakdown import Breakdown, Kind
from profiler.fusion import Fusion, Kernel, Siblings

FOLDED_AWAY, ADDED = "folded away", "added by the runtime"
FOLDED_MEANING = "No kernel does it any more: it is of no effect, or was worked out beforehand."
ADDED_MEANING: Mapping[str, str] = {
    "ReorderInput": "Puts the channels in blocks, as the kernels behind it want them.",
    "ReorderOutput": "Puts the channels back in the file’s order.",
}
NO_SIBLINGS = "No two layers read one value and are alike in everything but their filters."
SIBLINGS_MEANING = (
    "Layers that read one value and are alike in everything but their filters. With the filters one behind the other "
    "one kernel does them all, exactly, and reads the value once."
)
SIBLINGS_NOTE = "Alike but for their filters: one kernel could do them all, exactly, and read the value once."
CONVENTION = "Memory traffic is what all kernels read and write for one input, weights among it."
MOST_INSET = 4  # how far blocks within blocks move in


@dataclass(frozen=True)
class FusionRow:
    """One line: a layer of the file and the kernel that does it, an index into `Fusion.after`.

    `layer` is "" where the runtime added the kernel, `kernel` −1 where no kernel does the layer. A layer that several
    kernels do has a line for each.
    """

    layer: str
    op: str
    kind: Kind
    bytes: int | None
    kernel: int


@dataclass(frozen=True)
class Block:
    """A kernel, from its first line to its last. What lies between, and belongs to another, is drawn `inset` in it."""

    place: int
    kernel: Kernel
    kind: Kind
    title: str
    first: int
    last: int
    inset: int
    apart_bytes: int | None  # the traffic of its layers, each run by itself

    @property
    def added(self) -> bool:
        return not self.kernel.covers


@dataclass(frozen=True)
class FusionDrawing:
    """The lines in the file's order; `blocks` one a kernel, in the order they run."""

    rows: tuple[FusionRow, ...]
    blocks: tuple[Block, ...]

    def rows_of(self, layer: str) -> tuple[int, int] | None:
        """First and last line of a layer."""
        found = [place for place, row in enumerate(self.rows) if row.layer == layer]
        return (found[0], found[-1]) if found and layer else None


def drawing(found: Fusion, breakdown: Breakdown) -> FusionDrawing:
    """The file's layers from top to bottom, and beside them the kernels. Kinds are the breakdown's."""
    kinds: dict[str, Kind] = {layer.name: layer.kind for layer in breakdown.layers}
    rows = _rows(found, kinds)
    spans: dict[int, tuple[int, int]] = {}
    for line, row in enumerate(rows):
        if row.kernel >= 0:
            first, _ = spans.get(row.kernel, (line, line))
            spans[row.kernel] = (first, line)
    return FusionDrawing(tuple(rows), _blocks(found, kinds, spans))


def _rows(found: Fusion, kinds: Mapping[str, Kind]) -> list[FusionRow]:
    does: dict[str, list[int]] = {}
    for place, kernel in enumerate(found.after):
        for layer in kernel.covers:
            does.setdefault(layer, []).append(place)
    rows = [
        FusionRow(one.name, short_op(one.op), kinds.get(one.name, "other"), one.traffic_bytes, place)
        for one in found.before
        for place in does.get(one.name) or (-1,)
    ]
    behind = _added_behind(found, rows)
    made = [_added(found, place) for place in behind.get(-1, ())]
    for line, row in enumerate(rows):
        made += [row, *(_added(found, place) for place in behind.get(line, ()))]
    return made


def _added_behind(found: Fusion, rows: list[FusionRow]) -> dict[int, list[int]]:
    """Behind which line each added kernel stands: the last one of the kernel that ran before it."""
    last = {row.kernel: line for line, row in enumerate(rows)}
    behind: dict[int, list[int]] = {}
    line = -1
    for place, kernel in enumerate(found.after):
        if kernel.covers:
            line = last.get(place, line)
        else:
            behind.setdefault(line, []).append(place)
    return behind


def _added(found: Fusion, place: int) -> FusionRow:
    return FusionRow("", short_op(found.after[place].op), "other", None, place)


def _blocks(found: Fusion, kinds: Mapping[str, Kind], spans: Mapping[int, tuple[int, int]]) -> tuple[Block, ...]:
    alone = {one.name: one for one in found.before}
    insets = _insets(spans)
    return tuple(
        Block(
            place=place,
            kernel=kernel,
            kind=_kind(kinds.get(layer, "other") for layer in kernel.covers),
            title=" + ".join(short_op(alone[layer].op) for layer in kernel.covers if layer in alone)
            or short_op(kernel.op),
            first=spans[place][0],
            last=spans[place][1],
            inset=insets[place],
            apart_bytes=_sum(alone[layer].traffic_bytes if layer in alone else None for layer in kernel.covers),
        )
        for place, kernel in enumerate(found.after)
        if place in spans
    )


def _insets(spans: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """In how many other spans each begins."""
    insets: dict[int, int] = {}
    opened: list[int] = []
    for place, (first, last) in sorted(spans.items(), key=lambda one: (one[1][0], -one[1][1])):
        opened = [end for end in opened if end >= first]
        insets[place] = min(len(opened), MOST_INSET)
        opened.append(last)
    return insets


def _kind(kinds: Iterable[Kind]) -> Kind:
    there = set(kinds)
    return "conv" if "conv" in there else "fc" if "fc" in there else "other"


def _sum(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size or 0 for size in known)


# ---- words


def short_op(op: str) -> str:
    """Conv, of com.microsoft.nchwc::Conv."""
    return op.rpartition("::")[2]


def size_words(size: int | None) -> str:
    return "not known" if size is None else words.megabytes(size)


def change_words(before: int | None, after: int | None) -> str:
    """36 % less, 1 % more, as much; nothing where a size is not known."""
    if before is None or after is None or not before:
        return ""
    share = (before - after) / before
    if abs(share) < 0.005:
        return "as much"
    return f"{words.percent(abs(share), 0)} {'less' if share > 0 else 'more'}"


def headline(found: Fusion) -> str:
    """22 nodes → 11 kernels · memory traffic 20.4 MB → 13.1 MB, 36 % less."""
    counts = f"{words.plural(len(found.before), 'node')} → {words.plural(len(found.after), 'kernel')}"
    before, after = found.traffic_before_bytes, found.traffic_after_bytes
    traffic = f"memory traffic {size_words(before)} → {size_words(after)}"
    if before is None and after is None:
        traffic = "memory traffic not known"
    changed = change_words(before, after)
    traffic += f", {changed}" if changed else ""
    return f"{counts} · {traffic}"


def aside(found: Fusion) -> str:
    """ONNX Runtime 1.32.0 on this computer · 5 kernels added by the runtime · 2 layers folded away."""
    parts = [f"{found.runtime.partition(',')[0]} on this computer"]
    if found.added:
        parts.append(f"{words.plural(len(found.added), 'kernel')} {ADDED}")
    if found.vanished:
        parts.append(f"{words.plural(len(found.vanished), 'layer')} {FOLDED_AWAY}")
    return " · ".join(parts)


def kernel_lines(block: Block) -> list[tuple[str, str]]:
    """All figures of a kernel, as name and words."""
    kernel = block.kernel
    lines = [("Runs as", kernel.op)]
    if kernel.covers:
        named = kernel.covers if len(kernel.covers) <= 4 else (*kernel.covers[:3], f"{len(kernel.covers) - 3} more")
        lines.append(("Does", words.listed(words.shortened(name, 32) for name in named)))
    else:
        lines.append(("Why", ADDED_MEANING.get(short_op(kernel.op), "The runtime put it in by itself.")))
    reads = size_words(kernel.read_bytes)
    if kernel.weight_bytes:
        reads += f", weights {words.megabytes(kernel.weight_bytes)}"
    lines += [("Reads", reads), ("Writes", size_words(kernel.written_bytes))]
    if len(kernel.covers) > 1:
        changed = change_words(block.apart_bytes, kernel.traffic_bytes)
        apart = size_words(block.apart_bytes)
        lines.append(("Its layers apart", f"{apart}: now {changed}" if changed else apart))
    return lines


def together(names: Sequence[str]) -> str:
    """layer1.0.conv1 + bn1 + relu: of the later names only what tells them from the first."""
    least, most = min(names, default=""), max(names, default="")
    same = next((place for place, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))
    start = max(least.rfind(".", 0, same), least.rfind("/", 0, same)) + 1
    return " + ".join([name if place == 0 else name[start:] for place, name in enumerate(names)])


def sibling_input(group: Siblings) -> str:
    """The layer behind the value they read, or the input's name."""
    return group.made_by or group.input


def sibling_story(group: Siblings) -> str:
    """What merging takes: 176 filters in one; a runtime that cannot hand out slices copies 552 kB."""
    filters = sum(shape[0] for shape in group.weight_shapes) if group.op == "Conv" else 0
    story = f"{words.exact(filters)} filters in one" if filters else ""
    if group.output_bytes is None:
        return story
    copy = f"without slices of a result, {words.megabytes(group.output_bytes)} must be copied"
    return f"{story}; {copy}" if story else copy
