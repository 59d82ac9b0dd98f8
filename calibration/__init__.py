"""Generated sessions with known truth, on which the confidence of the sync engine is fitted."""
