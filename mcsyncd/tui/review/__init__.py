"""The review of one session: waveforms, nudges, listening, and what is not sent yet."""
