"""A certificate authority of the tests' own, made on the fly."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


def make_authority(ca_file: Path) -> ssl.SSLContext:
    """Write a new authority's certificate to `ca_file` (PEM); return a context to serve the loopback with."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context
