"""Which devices there are."""

from devices.boards.this_computer import ThisComputer
from devices.device import Device
from profiler.errors import BadInput


def devices() -> list[Device]:
    """All devices that can be measured on, this computer first."""
    return [ThisComputer()]


def device(name: str) -> Device:
    """The device called `name`, whatever its case. Raises BadInput when there is none."""
    known = devices()
    for each in known:
        if each.name.lower() == name.strip().lower():
            return each
    names = ", ".join(f"{each.name} ({each.title})" for each in known)
    raise BadInput(f"There is no device named “{name}”.", "", f"There are: {names}.")
