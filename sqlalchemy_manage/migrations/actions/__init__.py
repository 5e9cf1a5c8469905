"""What a command calls: each function is one thing a user can ask for."""
