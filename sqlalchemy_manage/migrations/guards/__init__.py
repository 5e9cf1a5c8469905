"""What watches a revision from inside its transaction, and may stop it."""
