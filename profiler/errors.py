"""What bad input gets: one message that says what is wrong, where, and what to try."""


class BadInput(Exception):
    """Something the user gave cannot be used. The command line ends with status 2.

    `what` is one sentence naming the thing (a file, a layer, a knob); `where` says where in it;
    `fix` says what to try. Each is a full sentence, in words a user reads.
    """

    def __init__(self, what: str, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(what, where, fix)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.where, self.fix) if part)


class Failed(Exception):
    """Something went wrong that is not the user's input: a device, a disk, a worker. Status 1.

    `evidence` keeps what the failing part said (its last output, a traceback), for `Copy details`.
    """

    def __init__(self, what: str, fix: str = "", evidence: str = "") -> None:
        self.what, self.fix, self.evidence = what, fix, evidence
        super().__init__(what, fix, evidence)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.fix) if part)
