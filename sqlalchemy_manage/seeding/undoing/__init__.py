"""The seed ledger, and the rows of a run removed with nothing else."""
