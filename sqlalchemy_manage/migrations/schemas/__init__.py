"""What a database has: its catalog, a history replayed beside it, and where the two differ."""
