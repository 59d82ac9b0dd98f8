"""The offline pipeline of `mcsyncd align`: files in, offsets out, no daemon."""
