"""The only place that opens untrusted media: allowed formats, limits, errors, names of colour properties."""
