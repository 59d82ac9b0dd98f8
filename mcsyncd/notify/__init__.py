"""Tell people who are not looking: what, when, and by which service."""
