"""Enum types and the values they allow: compared, asked about, changed on every database."""
