"""Sound for the ear: a window of two angles as WAV."""
