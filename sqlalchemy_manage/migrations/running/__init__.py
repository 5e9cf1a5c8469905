"""Revisions applied: one run at a time, whole or not at all, recorded in the ledger."""
