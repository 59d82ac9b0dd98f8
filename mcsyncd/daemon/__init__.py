"""Wires the edges to the loop: facts in, events recorded, jobs out."""
