"""What a container's own bytes say about the length of the file. Reads bytes only: no codec, no decoding."""
