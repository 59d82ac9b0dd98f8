"""The queue: every session, those that wait for a person first."""
