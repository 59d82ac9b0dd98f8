"""A card's files become clips of a session: settle, pair, take in."""
