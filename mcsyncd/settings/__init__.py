"""YAML in, validated and frozen settings and profiles out. Reports every error at once, with its line."""
