"""A clip's audio as the solver needs it, from one streaming pass over the audio packets alone.

`listen.peaks` draws this analysis audio, `listen.playback` plays the original for a person.
"""
