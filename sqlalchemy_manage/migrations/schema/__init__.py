"""What a database has, read in bulk."""
