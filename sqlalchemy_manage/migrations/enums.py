"""Enum types and the values they allow, compared with the database."""

from __future__ import annotations

from typing import Any

from alembic.runtime.plugins import Plugin

from .enum_checks import belongs_to_enum

__all__ = ["belongs_to_enum", "finish_enums", "settle_enums", "setup"]


def setup(plugin: Plugin) -> None:
    """Register the comparators."""


def settle_enums(operations: Any, connection: Any, answers: Any, questioner: Any) -> None:
    """Ask what the comparison leaves open about values of enums."""


def finish_enums(operations: Any) -> None:
    """Last of all steps before the downgrade is made: create and drop the types."""
