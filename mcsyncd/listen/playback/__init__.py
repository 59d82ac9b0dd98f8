"""Playing a clip's audio to a person: a few seconds of two angles side by side, as WAV."""
