"""What R2 refuses and other stores accept. Pure.

Codes: https://developers.cloudflare.com/r2/api/error-codes (2026-11). What is not implemented:
https://developers.cloudflare.com/r2/api/s3/api; that it is answered with 501 is what users report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from r2strict.operations import S3Call

MAX_PAGE = 1_000
"""Entries in one page of a list; the S3 API's own limit."""
MAX_LIFECYCLE_RULES = 1_000
"""Rules of one bucket (r2/buckets/object-lifecycles)."""
WRITE_INTERVAL_S = 1.0
"""Seconds between two writes to one key (r2/platform/limits)."""

_MAX_KEY_BYTES = 1_024
_MAX_METADATA_BYTES = 8_192
"""Bytes of a key, and of the names and values of an object's own metadata (r2/platform/limits)."""
_METADATA_PREFIX = "x-amz-meta-"

_MISSING_PARTS = (
    *("BucketTagging", "ObjectTagging", "BucketAcl", "ObjectAcl", "ObjectRetention", "ObjectLegalHold"),
    *("BucketVersioning", "ObjectLockConfiguration", "BucketNotificationConfiguration", "BucketPolicy"),
    *("BucketReplication", "BucketLogging", "BucketWebsite", "BucketRequestPayment", "PublicAccessBlock"),
    *("BucketAccelerateConfiguration", "BucketOwnershipControls", "BucketInventoryConfiguration"),
)
"""What R2 can neither read, write nor delete."""
_MISSING_OPERATIONS = {"ListObjectVersions", "PostObject", "Unknown"}
_MISSING_HEADERS = (
    "x-amz-trailer",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-bypass-governance-retention",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-website-redirect-location",
)
_IMPLEMENTED_VALUES = {
    "x-amz-storage-class": {"STANDARD", "STANDARD_IA"},
    "x-amz-acl": {"private"},  # Cloudflare's own page about rclone sets it, and users report that it works
    "x-amz-server-side-encryption": {"AES256"},
}
_CHECKSUM_TYPES = {
    "CRC64NVME": {"FULL_OBJECT"},
    "CRC32": {"COMPOSITE"},
    "CRC32C": {"COMPOSITE"},
    "SHA1": {"COMPOSITE"},
    "SHA256": {"COMPOSITE"},
}
"""Types of checksum by algorithm, as the API page has them; S3 knows more of both."""
_BUCKET_DOCUMENTS = frozenset({"PutBucketCors", "PutBucketLifecycleConfiguration"})
"""Operations for which R2 documents the checksum headers of the SDKs as not implemented."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as R2 answers it: the HTTP status, S3's code and a sentence."""

    status: int
    code: str
    message: str


TOO_MANY_WRITES = Refusal(429, "TooManyRequests", "Reduce your concurrent request rate for the same object.")
"""Cloudflare's error 10058."""
UNEQUAL_PARTS = Refusal(400, "InvalidPart", "All non-trailing parts must have the same length.")
"""Cloudflare's error 10048."""


def find_refusal(call: S3Call) -> Refusal | None:
    """Return why R2 would refuse a call before it looks at its body; None if it would not."""
    if call.operation in _MISSING_OPERATIONS or call.operation.endswith(_MISSING_PARTS):
        return _refuse_as_missing(call.operation)
    if len(call.key.encode("utf-8", "surrogatepass")) > _MAX_KEY_BYTES:
        return Refusal(400, "InvalidObjectName", "The specified object name is not valid.")
    if count_metadata_bytes(call) > _MAX_METADATA_BYTES:
        message = "Your metadata headers exceed the maximum allowed metadata size."
        return Refusal(400, "MetadataTooLarge", message)
    if (name := _find_missing_header(call)) is not None:
        return _refuse_as_missing(f"Header '{name}' with value '{call.headers[name]}'")
    if "chunked" in call.headers.get("transfer-encoding", ""):
        return Refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    return None


def find_part_refusal(sizes: Sequence[int]) -> Refusal | None:
    """Return why R2 would not complete an upload with parts of these bytes, in order; None if it would."""
    equal = len(set(sizes[:-1])) <= 1
    return None if equal and (len(sizes) < 2 or sizes[-1] <= sizes[0]) else UNEQUAL_PARTS


def count_metadata_bytes(call: S3Call) -> int:
    """Return the bytes of an object's own metadata: names without their prefix, and values."""
    return sum(
        len(name.removeprefix(_METADATA_PREFIX)) + len(value.encode("utf-8", "surrogateescape"))
        for name, value in call.headers.items()
        if name.startswith(_METADATA_PREFIX)
    )


def build_error_document(refusal: Refusal) -> bytes:
    """Return the XML body of an answer."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
    ).encode()


def _refuse_as_missing(what: str) -> Refusal:
    return Refusal(501, "NotImplemented", f"{what} not implemented")


def _find_missing_header(call: S3Call) -> str | None:
    """Return the name of a header that R2 does not implement; None if there is none."""
    found = (name for name, value in call.headers.items() if _is_missing(call.operation, name, value))
    return next(found, None) or _find_missing_checksum(call)


def _find_missing_checksum(call: S3Call) -> str | None:
    """Return the header by which an upload asks for a checksum that R2 lacks; None if it asks for none."""
    algorithm = call.headers.get("x-amz-checksum-algorithm")
    if algorithm is None:
        return None
    types = _CHECKSUM_TYPES.get(algorithm)
    if types is None:
        return "x-amz-checksum-algorithm"
    wanted = call.headers.get("x-amz-checksum-type")
    return None if wanted is None or wanted in types else "x-amz-checksum-type"


def _is_missing(operation: str, name: str, value: str) -> bool:
    return (
        name in _MISSING_HEADERS
        or value not in _IMPLEMENTED_VALUES.get(name, {value})
        or (name == "x-amz-content-sha256" and value.startswith("STREAMING-"))
        or (name == "content-encoding" and "aws-chunked" in value)
        or (name == "x-amz-sdk-checksum-algorithm" and operation in _BUCKET_DOCUMENTS)
    )
