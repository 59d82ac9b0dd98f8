"""A shoot made by the machine: a synthesised scene filmed by three cameras with known clocks."""
