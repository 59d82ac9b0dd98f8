"""A generated shoot: a synthesised scene, filmed by three cameras whose clocks are known."""
