"""Rows and links: what a plan would destroy, said before, and proved after each revision."""
