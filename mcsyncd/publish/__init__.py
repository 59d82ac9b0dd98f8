"""What the store holds of a session: keys, manifest, and two stores behind one protocol."""
