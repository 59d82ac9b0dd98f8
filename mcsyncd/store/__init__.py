"""The ledger: the only package with SQL."""
