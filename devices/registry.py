"""Which devices there are. What measures is imported when a device is made: the window only reads the address book."""

from devices.address_book import AddressBook
from devices.device import Device
from profiler.errors import BadInput


def devices(book: AddressBook | None = None) -> list[Device]:
    """All devices that can be measured on: this computer first, then the boards of the address book. Contacts none."""
    from devices.boards.board import Board
    from devices.boards.this_computer import ThisComputer

    return [ThisComputer(), *(Board(address) for address in (book or AddressBook.load()).addresses)]


def device(name: str, secret: str | None = None) -> Device:
    """The device called `name`, whatever its case. Raises BadInput when there is none.

    `secret` is what opens it: the password of its user, or the passphrase of a key. It is kept in this object only.
    """
    book = AddressBook.load()
    address = book.find(name)
    if address is not None:
        from devices.boards.board import Board

        return Board(address, secret)
    known = devices(book)
    for each in known:
        if each.name.lower() == name.strip().lower():
            return each
    names = ", ".join(f"{each.name} ({each.title})" for each in known)
    raise BadInput(f"There is no device named “{name}”.", "", f"There are: {names}.")
