"""Who runs a command, and where: for the ledgers."""

from __future__ import annotations

import getpass
import os
import socket
from contextlib import suppress
from functools import cache

_LONGEST = 255  # characters that a ledger keeps


@cache
def host() -> str:
    """The name of this machine."""
    return socket.gethostname()[:_LONGEST]


@cache
def user() -> str:
    """The name of the user, or the number of one that has none."""
    with suppress(KeyError, OSError, ImportError):  # a container may know no name for it
        return getpass.getuser()[:_LONGEST]
    return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
