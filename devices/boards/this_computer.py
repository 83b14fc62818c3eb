"""The computer this program runs on."""

from collections.abc import Mapping
from typing import Any

from devices.agent_device import AgentDevice
from devices.session import Session
from devices.shell import LocalShell

NAME, TITLE = "cpu", "This computer"


class ThisComputer(AgentDevice):
    """Measures in a fresh process here."""

    def __init__(self, session: Session | None = None, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(NAME, TITLE, session or Session(LocalShell(), TITLE), extra)
