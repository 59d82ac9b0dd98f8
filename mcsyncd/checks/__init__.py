"""Checks that need no running daemon: of the log, the files, the store, and the machine itself."""
