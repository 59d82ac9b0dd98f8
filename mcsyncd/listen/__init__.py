"""A clip's sound as solver and eye need it, in one pass over the audio packets alone."""
