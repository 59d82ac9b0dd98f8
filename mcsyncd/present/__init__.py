"""How values are written for people: one format for the CLI and the terminal app. Pure."""
