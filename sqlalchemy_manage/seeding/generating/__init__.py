"""From declarations of factories to columns of values, and the links among the rows."""
