"""Containment of code that reads untrusted bytes: what it may touch, and how the kernel enforces that."""
