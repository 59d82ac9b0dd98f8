"""Conform one clip to the session's grid: plan (pure), then render mezzanine and proxy in one decode."""
