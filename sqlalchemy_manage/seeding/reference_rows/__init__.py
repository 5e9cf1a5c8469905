"""Reference rows: each exists once, as declared, however often it is seeded."""
