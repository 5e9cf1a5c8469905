"""SQLite: a table rebuilt from its own CREATE TABLE statement, and what hangs on it kept."""
