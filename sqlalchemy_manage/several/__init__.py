"""One command on several databases: which they are, in how many processes, what came of it."""
