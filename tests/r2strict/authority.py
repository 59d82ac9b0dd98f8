"""A certificate authority of the tests' own, made on the fly."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the authority's certificate, and a server's certificate with its key for the loopback."""

    ca_file: Path
    certificate: Path


def make_authority(ca_file: Path) -> ssl.SSLContext:
    """Write a new authority's certificate to `ca_file` (PEM); return a context to serve the loopback with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _issue_certificate(ca_file).configure_cert(context)
    return context


def write_tls_files(folder: Path) -> TlsFiles:
    """Write a new authority and a certificate of it to `folder`, for a server in a process of its own."""
    files = TlsFiles(folder / "ca.pem", folder / "server.pem")
    _issue_certificate(files.ca_file).private_key_and_cert_chain_pem.write_to_path(files.certificate)
    return files


def _issue_certificate(ca_file: Path) -> trustme.LeafCert:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file)
    return authority.issue_cert("127.0.0.1", "localhost")
