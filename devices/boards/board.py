"""A board at the end of an SSH line: a Jetson, or any Linux machine with Python."""

from __future__ import annotations

from devices.address_book import Address
from devices.agent_device import AgentDevice
from devices.session import Session
from devices.ssh.shell import SshShell


class Board(AgentDevice):
    """Measures there, in a fresh process of the board's own Python, which may have engines that a user installed."""

    def __init__(self, address: Address, secret: str | None = None) -> None:
        self.address = address
        title = address.title or address.name
        session = Session(SshShell(address, secret), title, python=(address.python,))
        super().__init__(address.name, title, session)
