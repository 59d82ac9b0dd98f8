"""Linear timecode (LTC, SMPTE ST 12-1): a clock that is recorded as sound."""
