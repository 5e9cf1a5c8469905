"""Columns of values into tables, by the fastest way of each driver, and why a row was refused."""
