"""What every device can do, whatever it is and wherever it stands."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from profiler.errors import BadInput
from profiler.measurement import Comparison, DeviceFacts, Profile, ProfileSettings
from profiler.progress import Job
from profiler.sweep import Sweep
from profiler.trace import Outline

LEAST_ROUNDS = 5


class Device(Protocol):
    """Runs a network and measures it. `name` is what commands and studies call it, `title` what people read."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def facts(self) -> DeviceFacts:
        """What the device says of itself. Raises Failed when it cannot be reached."""
        ...

    def profile(self, path: Path, outline: Outline, settings: ProfileSettings, *, digest: str = "") -> Job[Profile]:
        """Measure the network in the ONNX file at `path`, in a fresh process on the device.

        `outline` names its layers; `digest` is the file's, worked out where it is not given. `Profile.memory` has
        what was measured; what is computed from the graph (weights, peak of the activations) is left None for
        those who have the graph. Raises BadInput for settings or a network that the device cannot take, Failed
        when the device fails.
        """
        ...

    def compare(
        self, paths: Sequence[Path], labels: Sequence[str], settings: ProfileSettings, rounds: int = 20
    ) -> Job[Comparison]:
        """Time the networks in turn, in one process, and set each beside the first.

        A round loads the networks anew and has one turn of each; a turn has `settings.runs` ÷ `rounds` runs, or more
        where these would be over too soon to mean anything, and counts as their lower quartile. Raises as `profile`
        does.
        """
        ...

    def sweep(
        self,
        path: Path,
        settings: ProfileSettings,
        batches: Sequence[int],
        threads: Sequence[int],
        *,
        digest: str = "",
    ) -> Job[Sweep]:
        """Time the network at each batch size with each number of threads; `settings` has the rest.

        A point that the network or the device refuses (a batch that is fixed in the file, too little memory) says why,
        and the others go on. Raises as `profile` does; when the line is lost, with the points there were as `partial`.
        """
        ...

    def watch(self) -> Job[None]:
        """What the device does, as figures (power_w, rail:NAME, the keys of `BoardTrace`), until it is closed."""
        ...


def check_settings(settings: ProfileSettings) -> None:
    """Raises BadInput where a number makes no sense."""
    least = {"runs": 1, "warmup": 0, "batch": 1, "threads": 1}
    for name, low in least.items():
        if getattr(settings, name) < low:
            raise BadInput(f"“{name}” is {getattr(settings, name)}.", "", f"It must be {low} or more.")


def check_comparison(paths: Sequence[Path], labels: Sequence[str], rounds: int) -> None:
    """Raises BadInput where there is nothing to compare, or too little to tell a difference from noise."""
    if len(paths) < 2 or len(paths) != len(labels):
        raise BadInput(
            f"{len(paths)} networks are given to compare, with {len(labels)} names.", "", "Give two or more."
        )
    if rounds < LEAST_ROUNDS:
        raise BadInput(
            f"A comparison of {rounds} rounds says nothing about noise.", "", f"Take {LEAST_ROUNDS} or more."
        )


def check_sweep(batches: Sequence[int], threads: Sequence[int]) -> None:
    """Raises BadInput where there is no point to measure, or one that makes no sense."""
    for name, values in (("batch", batches), ("threads", threads)):
        if not values:
            raise BadInput(f"A sweep has no value for “{name}”.", "", "Give one or more, 1, 2, 4 and 8 for example.")
        if min(values) < 1:
            raise BadInput(f"“{name}” is {min(values)}.", "", "It must be 1 or more.")


def check_file(path: Path) -> None:
    if not path.is_file():
        raise BadInput(f"“{path}” is not a file.", "", "Check the path.")
