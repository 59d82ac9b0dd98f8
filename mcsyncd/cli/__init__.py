"""The command line; a module for each command, each loaded only when called."""
