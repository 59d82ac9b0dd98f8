"""From files on a card to clips of a session: scan, settle, pair, offload."""
