"""YAML in, validated and frozen settings and profiles out; every error at once, with its place."""
