"""Hashing files, and copying them with proof that the copy is identical."""
