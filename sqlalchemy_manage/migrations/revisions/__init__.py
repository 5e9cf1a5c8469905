"""Revision files: read without running them, planned, written, merged, found in git."""
