"""One session: confidence, offsets, one button, and the details on demand."""
