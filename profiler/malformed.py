"""A graph that does not hold together: damaged, or written by a faulty exporter."""

from collections.abc import Generator
from contextlib import contextmanager

from profiler.errors import BadInput

# What a graph with missing values, wrong attribute types or wrong ranks makes the code that walks it raise.
SIGNS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@contextmanager
def told(what: str) -> Generator[None, None, None]:
    """Such a failure as BadInput beginning with `what`, its innermost reason behind."""
    try:
        yield
    except SIGNS as error:
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        said = f"{root} is not there" if isinstance(root, KeyError) else str(root)
        reason = next((line.strip(" .") for line in said.splitlines() if line.strip()), type(root).__name__)
        raise BadInput(what, f"Its graph is malformed: {reason}.", "Export it again.") from error
