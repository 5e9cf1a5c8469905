"""Situations in which the tool advises a command; see ``situations.table``."""
