"""Say of a shoot whether its assets are correct, synced and ready.

A daemon that takes in camera cards, puts every angle on one timeline by its sound, makes
mezzanines and proxies, and publishes them once a person has looked at the confidence.
The way of a clip is one way: drop, ingest, probe, listen, sync, conform, review, publish.
"""

__version__ = "0.1.0"
