"""One clip onto the session grid: plan (pure), then render mezzanine and proxy in one decode."""
