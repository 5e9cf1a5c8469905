"""What a revision file would do, read from its source."""
