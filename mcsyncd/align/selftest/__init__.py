"""Known-answer cases from a user's own footage: how far the sync can be trusted on this material."""
