"""Loops that numpy has no word for, compiled to machine code when they are first called (numba), and kept on the disk.

What is compiled is plain Python: integers are int64, and `numba.config.DISABLE_JIT` runs the same lines slowly.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
# numba is only partly typed.

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function` as machine code. No fast maths: a result is the same on every machine that counts as IEEE 754 does.

    numba keeps what it compiled beside the module, or in the user's cache folder; where it may write nowhere, it
    compiles again in each process.
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder for its cache
        return cast("F", numba.njit(nogil=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """A small part of compiled functions; LLVM puts it where it is called."""
    return cast("F", numba.njit(nogil=True, error_model="numpy")(function))
