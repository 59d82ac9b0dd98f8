"""The terminal app; it reaches the daemon only through the client."""
