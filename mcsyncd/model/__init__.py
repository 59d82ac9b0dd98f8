"""The vocabulary and the one state machine. Standard library only; no files, no clock.

Every other station imports its words from here and hands its results back as these values.
"""
