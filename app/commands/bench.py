"""A study under a command: the one named by --study, or one that is gone when the command ends.

Jobs run on the same workers as the window's; this waits for them, shows how far they are, and passes on how they ended.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.facts import CandidateBorn
from app.objects import path_of
from app.study import Candidate, Study
from app.workbench import JobView, Workbench
from profiler.errors import BadInput, Failed

if TYPE_CHECKING:
    from profiler.network import Network

STOPPING_S = 4.0  # a job that is told to stop has stopped, or is killed, before this
DIGITS = "digits"


class Interrupted(KeyboardInterrupt):
    """A job was cancelled, by Ctrl+C or otherwise. The command ends with status 130."""


class Bench:
    """An open study with what commands do on it. `kept`: the study stays when the command ends."""

    def __init__(self, workbench: Workbench, kept: bool) -> None:
        self.workbench = workbench
        self.kept = kept

    @property
    def study(self) -> Study:
        return self.workbench.study

    @property
    def objects(self) -> Path:
        return self.workbench.store.objects

    def run(self, job: str) -> JobView:
        """Wait for a job. Raises what it failed with; Ctrl+C cancels it and raises Interrupted."""
        try:
            while True:
                try:
                    view = self.workbench.wait(job, timeout=0.25)
                    break
                except TimeoutError:
                    continue
        except KeyboardInterrupt:
            self.workbench.cancel(job)
            with suppress(TimeoutError):
                self.workbench.wait(job, timeout=STOPPING_S)
            raise Interrupted from None
        return _ended_well(view)

    def failure(self, job: str) -> BadInput | Failed | None:
        """Wait for a job, and say what it failed with; None: it is done. Ctrl+C cancels every job."""
        try:
            self.run(job)
        except Interrupted:
            for view in self.workbench.jobs:
                self.workbench.cancel(view.job)
            raise
        except (BadInput, Failed) as failed:
            return failed
        return None

    def cause(self, job: str) -> BaseException | None:
        """What a job that has ended failed with."""
        return next((view.cause for view in self.workbench.jobs if view.job == job), None)

    def use_data(self, spec: str | None) -> None:
        """Measure accuracy on this data set from now on, and wait until the study's candidates have theirs."""
        if spec is None:
            return
        named = spec if spec.lower() == DIGITS else str(Path(spec).expanduser().resolve())
        if self.study.data is not None and self.study.data.data == named:
            return
        self.run(self.workbench.choose_data(named))
        for view in self.workbench.jobs:
            if not view.ended:
                self.run(view.job)

    def candidate(
        self,
        source: str,
        input_shapes: Mapping[str, Sequence[int]] | None = None,
        preprocess: Path | None = None,
        architecture: str | None = None,
        *,
        again: bool = False,
    ) -> Candidate:
        """The candidate that a network is, or becomes. `again`: a new one even when the network is there already."""
        named = self._named(source)
        if named is not None:
            return named
        network = _read(source, input_shapes, preprocess, architecture)
        there = None if again else self._same(source, network)
        if there is not None:
            return there
        if self.kept:
            shown = str(preprocess) if preprocess else None
            job = self.workbench.open_network(
                _absolute(source), input_shapes=input_shapes, preprocess=shown, architecture=architecture
            )
            letter = self.run(job).letter
            return self.study.candidate(letter)
        plain = _in_zoo(source) and not input_shapes and preprocess is None
        return self._counted(source if plain else self._kept_in(network), Path(source).name, network)

    def bits(self, a: Candidate, b: Candidate) -> tuple[bytes, bytes] | None:
        """Which images each gets right, as bitmaps; None where one was not kept."""
        digests = [each.evaluation.right if each.evaluation else None for each in (a, b)]
        paths = [path_of(self.objects, digest) for digest in digests if digest is not None]
        if len(paths) < 2 or not all(path.is_file() for path in paths):
            return None
        return paths[0].read_bytes(), paths[1].read_bytes()

    def _named(self, source: str) -> Candidate | None:
        """A candidate's letter stands for it, where no file of that name is in the way."""
        if not self.kept or Path(source).exists():
            return None
        return self.study.candidates.get(source.upper())

    def _same(self, source: str, network: Network) -> Candidate | None:
        """The candidate with the same file; for a built-in network, the one opened under its name."""
        from profiler.zoo import entry

        if _in_zoo(source):
            name = entry(source[4:]).name.lower()
            of_zoo = (c for c in self.study.candidates.values() if c.parent is None)
            return next((c for c in of_zoo if c.file_name.lower() == name), None)
        if not any(c.digest for c in self.study.candidates.values()):
            return None
        return next((c for c in self.study.candidates.values() if c.digest == network.digest), None)

    def _counted(self, source: str, file_name: str, network: Network) -> Candidate:
        """A candidate as far as counting goes: enough for a study that nobody will see."""
        from profiler.breakdown import breakdown

        letter = self.study.next_letter
        born = CandidateBorn(
            letter=letter,
            parent=None,
            title=network.name,
            source=source,
            file_name=file_name,
            breakdown=breakdown(network),
            nonzero_params=None,
            input_recipe=network.input_recipe,
        )
        self.workbench.record(born, undoable=False)
        return self.study.candidate(letter)

    def _kept_in(self, network: Network) -> str:
        """Bound sizes and the input recipe are part of the network, so it is kept as it is now, not as its file is."""
        from app.networks import store

        return f"object:{store(network, self.objects, '').digest}"


@contextmanager
def bench(folder: Path | None) -> Iterator[Bench]:
    """The study in `folder`, begun there if none is; without a folder, one for the length of the command."""
    if folder is not None:
        with _opened(folder.expanduser(), kept=True) as found:
            yield found
        return
    with tempfile.TemporaryDirectory(prefix="netbonsai-") as temporary, _opened(Path(temporary), kept=False) as found:
        yield found


@contextmanager
def _opened(folder: Path, kept: bool) -> Iterator[Bench]:
    workbench = Workbench(folder)
    try:
        with progress_of(workbench):
            yield Bench(workbench, kept)
    finally:
        workbench.close()


def _ended_well(view: JobView) -> JobView:
    if view.state == "cancelled":
        raise Interrupted
    if view.state == "failed":
        if view.exit_status == 2:
            raise BadInput(view.error, fix=view.fix)
        raise Failed(view.error, view.fix, view.evidence)
    return view


def _read(
    source: str,
    input_shapes: Mapping[str, Sequence[int]] | None,
    preprocess: Path | None,
    architecture: str | None,
) -> Network:
    from profiler import formats

    return formats.read(source, input_shapes=input_shapes, preprocess=preprocess, architecture=architecture)


def _in_zoo(source: str) -> bool:
    return source.lower().startswith("zoo:")


def _absolute(source: str) -> str:
    return source if _in_zoo(source) else str(Path(source).expanduser().resolve())


@contextmanager
def progress_of(workbench: Workbench) -> Iterator[None]:
    """A bar for each job on a terminal; nothing where stderr is none."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    shown = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    bars: dict[str, Any] = {}

    def hear(event: Any) -> None:
        if event.view is not None:
            _show(shown, bars, event.view)

    stop = workbench.listen(hear)
    try:
        with shown:
            yield
    finally:
        stop()


def _show(shown: Any, bars: dict[str, Any], view: JobView) -> None:
    """A job's bar follows it, and goes when it ends."""
    if view.ended:
        bar = bars.pop(view.job, None)
        if bar is not None:
            shown.remove_task(bar)
        return
    if view.state != "running":
        return
    text = view.progress.text if view.progress is not None and view.progress.text else view.title
    if view.job not in bars:
        bars[view.job] = shown.add_task(_plain(text), total=1.0)
    fraction = view.progress.fraction if view.progress is not None else 0.0
    shown.update(bars[view.job], description=_plain(text), completed=fraction)


def _plain(text: str) -> str:
    """A name with brackets is a name, not a style."""
    from rich.markup import escape

    return escape(text)
