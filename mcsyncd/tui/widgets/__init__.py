"""What the screens are made of. A widget is given values; it never asks the daemon."""
