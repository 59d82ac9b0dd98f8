"""What is this clip: streams, true rate, timecode, rotation, colour, audio layout."""
