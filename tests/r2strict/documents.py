"""What the proxy reads in S3's XML. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from r2strict.rules import MAX_LIFECYCLE_RULES, Refusal

DEFAULT_LIFECYCLE = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>'
    b"<ID>Default Multipart Abort Rule</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>"
    b"<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>"
    b"</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>"
)
"""The rule that every new bucket has (r2/buckets/object-lifecycles)."""
_ENTRIES = {
    "ListParts": ("Part",),
    "ListMultipartUploads": ("Upload", "CommonPrefixes"),
    "ListObjects": ("Contents", "CommonPrefixes"),
    "ListObjectsV2": ("Contents", "CommonPrefixes"),
}
_TRANSITION_CLASSES = {"STANDARD_IA"}
_TAG = re.compile(rb"(<ETag>)[^<]*(</ETag>)")


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A part as a list or the end of an upload names it; the size is 0 where none is given."""

    number: int
    etag: str
    bytes: int


@dataclass(frozen=True, slots=True)
class AbortRule:
    """The lifecycle rule that ends an incomplete upload."""

    id: str
    days: int


def parse_parts(document: bytes) -> list[ListedPart]:
    """Return the parts in a list of parts, or in the body of CompleteMultipartUpload.

    Raises ValueError if it is neither.
    """
    return [
        ListedPart(
            int(_find_text(part, "PartNumber")),
            _find_text(part, "ETag").strip('"'),
            int(_find_text(part, "Size") or 0),
        )
        for part in _parse(document).iterfind("{*}Part")
    ]


def count_entries(operation: str, document: bytes) -> int:
    """Return how many entries a page of a list has. Raises ValueError if it is no XML."""
    root = _parse(document)
    return sum(len(root.findall(f"{{*}}{name}")) for name in _ENTRIES[operation])


def find_next_part(document: bytes) -> int | None:
    """Return the marker of the next page of a list of parts; None if there is none."""
    root = _parse(document)
    more = _find_text(root, "IsTruncated") == "true"
    return int(_find_text(root, "NextPartNumberMarker")) if more else None


def find_abort_rule(lifecycle: bytes, key: str) -> AbortRule | None:
    """Return the rule that ends an incomplete upload of this key first; None if none does."""
    rules = [
        AbortRule(_find_text(rule, "ID"), int(days))
        for rule in _parse(lifecycle).iterfind("{*}Rule")
        if _find_text(rule, "Status") == "Enabled"
        and key.startswith(_find_text(rule, "Filter/{*}Prefix") or _find_text(rule, "Prefix"))
        and (days := _find_text(rule, "AbortIncompleteMultipartUpload/{*}DaysAfterInitiation"))
    ]
    return min(rules, key=lambda rule: rule.days, default=None)


def find_lifecycle_refusal(lifecycle: bytes) -> Refusal | None:
    """Return why R2 would refuse these rules; None if it would not."""
    try:
        root = _parse(lifecycle)
    except ValueError:
        return Refusal(400, "MalformedXML", "The XML you provided was not well formed.")
    if len(root.findall("{*}Rule")) > MAX_LIFECYCLE_RULES:
        return Refusal(400, "MalformedXML", f"At most {MAX_LIFECYCLE_RULES} lifecycle rules.")
    for found in root.iterfind(".//{*}Transition/{*}StorageClass"):
        if found.text not in _TRANSITION_CLASSES:
            return Refusal(501, "NotImplemented", f"Storage class {found.text} not implemented")
    return None


def replace_tags(document: bytes, etag: str) -> bytes:
    """Return an answer with every ETag replaced."""
    return _TAG.sub(rb"\g<1>" + etag.encode() + rb"\g<2>", document)


def _parse(document: bytes) -> ET.Element:
    try:
        return ET.fromstring(document)
    except ET.ParseError as error:
        raise ValueError(str(error)) from None


def _find_text(element: ET.Element, path: str) -> str:
    found = element.find(f"{{*}}{path}")
    return (found.text or "") if found is not None else ""
