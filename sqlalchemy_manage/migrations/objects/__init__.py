"""Views, functions and triggers: compared, put in order, created, replaced and dropped."""
