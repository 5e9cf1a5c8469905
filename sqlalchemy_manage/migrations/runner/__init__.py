"""Revisions run one at a time, under a lock, with guards around each."""
