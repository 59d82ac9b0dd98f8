"""Hashes of files."""
