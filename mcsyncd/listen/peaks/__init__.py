"""Drawing a clip's audio: the peaks of the review screen and the published waveform."""
