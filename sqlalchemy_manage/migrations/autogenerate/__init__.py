"""From the difference between the models and a database to a revision that loses nothing."""
