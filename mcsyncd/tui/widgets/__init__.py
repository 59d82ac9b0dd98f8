"""Widgets that several screens share. A widget is given values; it never calls the daemon."""
