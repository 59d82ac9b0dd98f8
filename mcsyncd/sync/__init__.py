"""Waveforms in, alignment out. Pure numpy and scipy: no files, no codecs."""
