"""Waveforms in, alignment out. Pure numpy: no files, no codecs."""
