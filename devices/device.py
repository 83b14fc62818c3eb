"""What every device can do, whatever it is and wherever it stands."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from profiler.errors import BadInput
from profiler.measurement import Comparison, DeviceFacts, Profile, ProfileSettings
from profiler.progress import Job
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
        where these would be over too soon to mean anything, and counts as their median. Raises as `profile` does.
        """
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


def check_file(path: Path) -> None:
    if not path.is_file():
        raise BadInput(f"“{path}” is not a file.", "", "Check the path.")
