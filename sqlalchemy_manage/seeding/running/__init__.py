"""Chunks of rows made in one process, in several, or on a cluster; interrupted and resumed."""
