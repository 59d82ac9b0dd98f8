"""The .deb and the .rpm, which `make packages` builds: see docs/operations.md."""
