"""Peaks for the eye: the file format, and drawing them along a proxy."""
