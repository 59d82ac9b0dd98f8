"""The examples in the documents are what the product writes, and show every state that a reader can meet."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from importlib import resources

import jsonschema
import pytest
from publish.manifest_examples import EXAMPLES, FOLDER, SCHEMA, build_examples, format_document
from publish.test_manifest import closed

from mcsyncd.model.evolve import replay_events
from mcsyncd.model.publishing import HeadState
from mcsyncd.model.session import State
from mcsyncd.publish.head import read_head
from mcsyncd.publish.manifest import SCHEMA_VERSION, serialize_canonical
from mcsyncd.publish.manifest_reader import read_published_events

POINTER_SCHEMA = json.loads((resources.files("mcsyncd.publish") / "pointer.schema.json").read_text("utf-8"))
DOCUMENTS = build_examples()
MANIFESTS = [name for name in DOCUMENTS if not name.startswith("pointer_")]


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def list_values(document: object, field: str) -> set:
    """Return every value of a field, wherever it stands in the document."""
    found, stack = set(), [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if field in node and not isinstance(node[field], (dict, list)):
                found.add(node[field])
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return found


def test_the_files_are_what_the_product_writes():
    written = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert written == {name: format_document(document) + "\n" for name, document in DOCUMENTS.items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_is_described_in_full(name):
    schema = POINTER_SCHEMA if name.startswith("pointer_") else SCHEMA
    jsonschema.Draft202012Validator(closed(schema)).validate(DOCUMENTS[name])


def test_the_schemas_are_of_one_version():
    jsonschema.Draft202012Validator.check_schema(POINTER_SCHEMA)
    assert {SCHEMA["$id"], POINTER_SCHEMA["$id"]} == {
        f"urn:mcsyncd:{name}:{SCHEMA_VERSION}" for name in ("manifest", "pointer")
    }


@pytest.mark.parametrize(
    ("field", "enum"),
    [
        ("disposition", SCHEMA["$defs"]["clip"]["properties"]["disposition"]["enum"]),
        ("sync_method", SCHEMA["properties"]["sync_method"]["enum"]),
        ("kind", SCHEMA["$defs"]["camera"]["properties"]["kind"]["enum"]),
        ("verdict", SCHEMA["$defs"]["hash_check"]["properties"]["verdict"]["enum"]),
        ("state", list(HeadState)),
        ("state", POINTER_SCHEMA["properties"]["state"]["enum"]),
    ],
)
def test_every_state_has_an_example(field, enum):
    assert {one for one in enum if one is not None} <= list_values(list(DOCUMENTS.values()), field)


def test_what_may_be_missing_says_since_when():
    """So that a reader knows which fields an older manifest has."""
    silent = {
        (name, field)
        for name, schema in {"": SCHEMA, **SCHEMA["$defs"]}.items()
        if not name.startswith("profile_")
        for field, described in schema.get("properties", {}).items()
        if field not in schema.get("required", ()) and "Since 1." not in described.get("description", "")
    }
    assert silent == {("clip", "report"), ("rendition", "timecode"), ("video", "mirrored")}  # since 1.0.0


def test_the_first_version_has_nothing_that_came_later():
    first = copy.deepcopy(SCHEMA)
    for schema in (first, *first["$defs"].values()):
        for field, described in list(schema.get("properties", {}).items()):
            if re.search(r"Since 1\.[1-9]", described.get("description", "")):
                del schema["properties"][field]
    validator = jsonschema.Draft202012Validator(closed(first))
    validator.validate(DOCUMENTS["first_version.json"])
    assert not validator.is_valid(DOCUMENTS["synced.json"])


@pytest.mark.parametrize("name", MANIFESTS)
def test_an_example_is_a_session_that_was_published(name):
    example = EXAMPLES[name.removesuffix(".json")].session
    found = replay_events(read_published_events(serialize_canonical(DOCUMENTS[name])))
    assert found.state is State.PUBLISHED
    assert found.approval == example.approval
    is_first = name == "first_version.json"
    assert is_first or found.alignment == example.alignment
    kept = {one.key for one in example.stored if not (is_first and one.kind == "attached")}
    assert {one.key for one in found.stored} == kept


def test_the_pointers_lead_to_the_examples():
    keys = {
        name: read_head(name, serialize_canonical(DOCUMENTS[name])).publication.sha256
        for name in DOCUMENTS
        if name.startswith("pointer_")
    }
    digests = {name: sha256(serialize_canonical(DOCUMENTS[name])) for name in MANIFESTS}
    assert keys == {
        "pointer_current.json": digests["set_by_hand.json"],
        "pointer_under_review.json": digests["synced.json"],
        "pointer_withdrawn.json": digests["set_by_hand.json"],
        "pointer_first_version.json": digests["first_version.json"],
    }


def test_the_document_says_of_each_example_what_it_shows():
    text = (FOLDER.parent / "manifest.md").read_text("utf-8")
    assert all(f"(manifest_examples/{name})" in text for name in DOCUMENTS)
