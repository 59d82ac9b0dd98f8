"""The command line: one module per command, loaded only when the command is called."""
