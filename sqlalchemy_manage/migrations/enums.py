"""Enum types and the values they allow, compared with the database."""

from __future__ import annotations

from .enum_checks import belongs_to_enum

__all__ = ["belongs_to_enum"]
