"""What a clip is: streams, true frame rate, timecode, rotation, colour, audio layout."""
