"""What cannot be read back from the database: whether it is declared otherwise than before."""

from __future__ import annotations

import datetime
import decimal
import enum
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

_ROUNDS = 10_000


def same(value: Any, digest: str) -> bool:
    """Whether ``digest`` was made of an equal value."""
    salt, _, _ = digest.partition("$")
    made = digest_of(value, salt)
    return made is not None and hmac.compare_digest(made, digest)


def digest_of(value: Mapping[str, Any], salt: str | None = None) -> str | None:
    """A salted hash, slow because it may be one of passwords; None for values whose text would
    be another in another process."""
    salt = salt or secrets.token_hex(8)
    try:
        text = json.dumps(dict(value), sort_keys=True, default=_plain)
    except (TypeError, ValueError):
        return None
    made = hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), _ROUNDS, dklen=16)
    return f"{salt}${made.hex()}"


def _plain(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, datetime.date | datetime.time | decimal.Decimal | uuid.UUID):
        return str(value)
    raise TypeError
