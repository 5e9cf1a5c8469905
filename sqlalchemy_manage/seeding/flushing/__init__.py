"""flush: the rows of models go, and their numbers begin again."""
