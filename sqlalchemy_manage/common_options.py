"""What the options that every command takes are called and mean; text alone, for the help."""

from __future__ import annotations

COMMON: dict[tuple[str, ...], tuple[str | None, str]] = {
    ("--settings",): (
        "MODULE",
        "Settings module (default: MANAGE_SETTINGS_MODULE, else 'settings').",
    ),
    ("--database",): ("ALIAS", "The entry of DATABASES to use (default: default)."),
    ("-v", "--verbosity"): ("0..3", "0 errors only, 1 normal, 2 more, 3 everything."),
    ("--no-color",): (None, "Print no colors."),
    ("--traceback",): (None, "Show the traceback of an error."),
    ("--no-input", "--noinput"): (
        None,
        "Never ask; exit with code 3 if a question needs an answer.",
    ),
}
"""The flags -> what stands for their value, and the help text."""
