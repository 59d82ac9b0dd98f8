"""Against a real S3 server with signatures and checksums enforced."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError

import mcsyncd
from mcsyncd.errors import SourceChanged, StorageError, StoreOffline, StoreRefused
from mcsyncd.integrity.part_sums import compute_part_sums, keep_part_sums
from mcsyncd.model.part_sums import PartSums
from mcsyncd.publish import keys, manifest
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.identity import find_identity
from mcsyncd.publish.object_store import ListedObject
from mcsyncd.publish.open_store import open_store
from mcsyncd.publish.r2 import R2Store, build_endpoint, connect_client
from mcsyncd.publish.release import release_manifest
from mcsyncd.settings.stores import R2Storage
from r2strict.bucket import ACCESS

MIB = 1 << 20
LEAST = 5 * MIB
"""The least part size that S3 allows."""
OVER_TLS_TOO = pytest.mark.parametrize("strict", ["plain", "secure"], indirect=True)
"""For the central tests: once over http and once over https."""
SESSION = "20261123-091502-k7q"


@pytest.fixture
def store(bucket) -> R2Store:
    return R2Store(bucket, ACCESS)


@pytest.fixture
def file(tmp_path):
    def make(size: int) -> tuple[Path, PartSums, str]:
        path = tmp_path / f"clip{size}.mov"
        path.write_bytes(os.urandom(size))
        _, sums = compute_part_sums(path, part_bytes=LEAST)
        return path, sums, keys.build_original_key(SESSION, "cam_a", sums.sha256, path.name)

    return make


def calls(store: R2Store) -> Counter[str]:
    """Count the requests that the store sends from here on."""
    counted: Counter[str] = Counter()

    def count(model, **_: object) -> None:
        counted[model.name] += 1

    store._client.meta.events.register("before-call.s3", count)
    return counted


def uploads(store: R2Store, key: str) -> list[dict]:
    listed = store._client.list_multipart_uploads(Bucket=store._bucket, Prefix=key)
    return listed.get("Uploads", [])


@OVER_TLS_TOO
@pytest.mark.parametrize("size", [0, 1, 3 * MIB, LEAST, LEAST + 1, 12 * MIB])
def test_what_is_stored_is_what_was_sent(store, file, size):
    path, sums, key = file(size)
    seen = []
    facts = (("mcs-kind", "original"),)
    store.put_file(key, path, sums, metadata=facts, report_progress=lambda *now: seen.append(now))
    assert hashlib.sha256(store.get_document(key)).hexdigest() == sums.sha256
    found = store._client.head_object(Bucket=store._bucket, Key=key)
    assert found["Metadata"] == {"mcs-sha256": sums.sha256, "mcs-kind": "original"}
    assert (found["ContentType"], found["ContentLength"]) == ("video/quicktime", size)
    assert seen[-1] == (size, size)
    assert uploads(store, key) == []


@pytest.mark.parametrize("same", [True, False])
def test_an_object_that_comes_to_be_there_meanwhile_is_compared(store, bucket, file, same):
    """As when the answer to an upload is lost and the client sends it again."""
    path, sums, key = file(1000)
    meanwhile = path.read_bytes() if same else b"x" * 1000

    def overtake(**_: object) -> None:
        connect_client(bucket, ACCESS).put_object(
            Bucket=bucket.bucket, Key=key, Body=meanwhile, Metadata={"mcs-sha256": sums.sha256}
        )

    store._client.meta.events.register("before-call.s3.PutObject", overtake)
    if same:
        store.put_file(key, path, sums)
    else:
        with pytest.raises(StorageError, match="another object"):
            store.put_file(key, path, sums)
    assert store.get_document(key) == meanwhile


@OVER_TLS_TOO
def test_the_tag_of_a_large_object_is_the_md5_of_the_md5s(store, file):
    path, sums, key = file(12 * MIB)
    store.put_file(key, path, sums)
    content = path.read_bytes()
    sums = b"".join(hashlib.md5(content[at : at + LEAST]).digest() for at in range(0, len(content), LEAST))
    assert store.stat_object(key).etag == f"{hashlib.md5(sums).hexdigest()}-3"


def test_again_is_one_question(store, file):
    path, sums, key = file(6 * MIB)
    store.put_file(key, path, sums)
    counted = calls(store)
    store.put_file(key, path, sums)
    assert counted == {"HeadObject": 1}


@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_wrong_content_under_the_key_is_never_overwritten(store, file, size):
    path, sums, key = file(size)
    store._client.put_object(Bucket=store._bucket, Key=key, Body=b"x" * size)
    with pytest.raises(StorageError, match="another object"):
        store.put_file(key, path, sums)
    assert store.get_document(key) == b"x" * size


@pytest.mark.parametrize("size", [100, 6 * MIB])
def test_a_file_that_is_not_what_was_recorded_is_not_stored(store, file, size):
    path, sums, key = file(size)
    path.write_bytes(bytes(size))
    with pytest.raises(SourceChanged):
        store.put_file(key, path, sums)
    path.write_bytes(b"short")
    with pytest.raises(SourceChanged):
        store.put_file(key, path, sums)
    assert store.stat_object(key) is None
    assert uploads(store, key) == []


@OVER_TLS_TOO
@pytest.mark.parametrize(
    ("point", "most_sent_again"),
    [
        (("after-call.s3.CreateMultipartUpload", 1), 4),
        (("after-call.s3.UploadPart", 2), 2),
        (("before-call.s3.CompleteMultipartUpload", 1), 0),
        (("after-call.s3.CompleteMultipartUpload", 1), 0),
    ],
)
def test_killed_at_any_point_it_goes_on_where_it_was(store, bucket, file, point, most_sent_again):
    size = 3 * LEAST + 100
    path, sums, key = file(size)
    kept = path.with_suffix(".json")
    keep_part_sums(kept, sums)
    script = Path(__file__).with_name("killed_put.py")
    arguments = [bucket.model_dump_json(), ACCESS.id, ACCESS.secret, key, path, kept, *point]
    died = subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env={"PYTHONPATH": str(Path(mcsyncd.__file__).parents[1])},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    counted = calls(store)
    store.put_file(key, path, sums)
    assert hashlib.sha256(store.get_document(key)).hexdigest() == sums.sha256
    assert counted["UploadPart"] <= most_sent_again
    assert counted["CreateMultipartUpload"] == 0, "the upload that was begun is adopted"
    assert uploads(store, key) == []


def test_a_part_that_was_left_wrong_is_sent_again(store, file):
    path, sums, key = file(2 * LEAST + 5)
    client = store._client
    left = client.create_multipart_upload(Bucket=store._bucket, Key=key, Metadata={"mcs-sha256": sums.sha256})
    client.upload_part(
        Bucket=store._bucket, Key=key, UploadId=left["UploadId"], PartNumber=1, Body=bytes(LEAST)
    )
    store.put_file(key, path, sums)
    assert hashlib.sha256(store.get_document(key)).hexdigest() == sums.sha256


def test_of_several_uploads_left_behind_one_is_used_and_none_remains(store, file):
    path, sums, key = file(LEAST + 5)
    for _ in range(3):
        store._client.create_multipart_upload(
            Bucket=store._bucket, Key=key, Metadata={"mcs-sha256": sums.sha256}
        )
    store.put_file(key, path, sums)
    assert uploads(store, key) == []


def test_no_header_that_r2_does_not_know_is_sent(store, file):
    sent: list[dict[str, str]] = []
    store._client.meta.events.register(
        "before-send.s3",
        lambda request, **_: sent.append({k.lower(): str(v) for k, v in request.headers.items()}),
    )
    for size in (10, LEAST + 1):
        path, sums, key = file(size)
        store.put_file(key, path, sums)
    assert len(sent) > 5
    for headers in sent:
        assert "expect" not in headers
        assert "aws-chunked" not in str(headers)
        assert "x-amz-trailer" not in headers
        assert not any(name.startswith("x-amz-checksum") for name in headers)


@OVER_TLS_TOO
def test_a_wrong_secret_is_said_plainly_and_is_no_passing_trouble(bucket, file):
    path, sums, key = file(10)
    wrong = R2Store(bucket, AccessKey(ACCESS.id, "wrong"))
    with pytest.raises(StorageError, match="refuses the access key") as caught:
        wrong.put_file(key, path, sums)
    assert isinstance(caught.value, StoreRefused)
    assert "credential" in caught.value.hint
    with pytest.raises(StoreRefused, match="refuses the access key"):
        find_identity(wrong)


def test_a_bucket_that_does_not_exist(bucket, file):
    path, sums, key = file(10)
    missing = R2Store(bucket.model_copy(update={"bucket": "nowhere"}), ACCESS)
    with pytest.raises(StoreRefused, match="no such bucket"):
        missing.put_file(key, path, sums)
    with pytest.raises(StoreRefused, match="no such bucket"):
        find_identity(missing)


def test_a_store_that_does_not_answer_is_offline(bucket, file):
    path, sums, key = file(10)
    away = R2Store(bucket.model_copy(update={"endpoint": "http://127.0.0.1:9"}), ACCESS)
    with pytest.raises(StoreOffline):
        away.put_file(key, path, sums)


def test_a_certificate_of_an_unknown_authority_is_not_trusted(secure_bucket, file):
    path, sums, key = file(10)
    unknown = R2Store(secure_bucket.storage.model_copy(update={"ca_file": None}), ACCESS)
    with pytest.raises(StoreOffline, match="certificate of the store is not trusted"):
        unknown.put_file(key, path, sums)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_named(secure_bucket, tmp_path, content):
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(StorageError, match=r"ca_file .*ca\.pem") as caught:
        R2Store(secure_bucket.storage.model_copy(update={"ca_file": ca_file}), ACCESS)
    assert not isinstance(caught.value, StoreOffline)


def test_a_second_write_within_a_second_waits_for_its_turn(store, strict):
    key = "head/turns.json"
    for number in range(3):
        current = store.stat_object(key)
        store.put_document(key, b"%d" % number, if_match=current.etag if current else None)
    assert store.get_document(key) == b"2"
    assert strict.store.tally.read().by_status[429] > 0


@OVER_TLS_TOO
def test_documents_and_the_pointer(store):
    body = manifest.serialize_canonical({"session": {"id": "r2-release"}, "revision": 1, "generated_at": "x"})
    later = manifest.serialize_canonical(
        {"session": {"id": "r2-release"}, "revision": 2, "generated_at": "y"}
    )
    first = release_manifest(store, body)
    assert release_manifest(store, body) == first
    second = release_manifest(store, later)
    assert second.key.encode() in store.get_document(keys.build_head_key("r2-release"))
    with pytest.raises(StorageError, match="another version"):
        store.put_document(first.key, b"{}")
    with pytest.raises(StorageError, match="another version"):
        store.put_document(keys.build_head_key("r2-release"), b"{}", if_match="0" * 32)
    assert store.get_document(first.key) == body


def test_objects_are_listed_in_order_with_their_tags(store):
    for name in ("b", "a", "c"):
        store.put_document(f"head/list-{name}.json", b"{}")
    tag = hashlib.md5(b"{}").hexdigest()
    listed = [ListedObject(f"head/list-{name}.json", 2, tag) for name in "abc"]
    assert list(store.list_objects("head/list-")) == listed
    assert list(store.list_objects("nothing/")) == []


@pytest.mark.parametrize(("start", "length"), [(0, 0), (0, 7), (LEAST - 2, 4), (2 * LEAST, 10)])
def test_a_range_is_read_back(store, file, start, length):
    path, sums, key = file(2 * LEAST + 10)
    store.put_file(key, path, sums)
    assert b"".join(store.read_object(key, start, length)) == path.read_bytes()[start : start + length]


@pytest.mark.parametrize("size", [1000, LEAST + 5])
def test_a_repair_takes_the_place_of_what_is_there(store, file, size):
    """Random bytes under the right key, with the right size and the metadata that we wrote ourselves."""
    path, sums, key = file(size)
    facts = {"mcs-sha256": sums.sha256}
    store._client.put_object(Bucket=store._bucket, Key=key, Body=os.urandom(size), Metadata=facts)
    with pytest.raises(StorageError, match="another object"):
        store.put_file(key, path, sums)
    time.sleep(1.1)  # R2 takes one write a second for a key
    store.put_file(key, path, sums, replace=True)
    assert store.stat_object(key).etag == sums.tag


def test_what_is_not_there(store):
    assert store.stat_object("v1/orig/s/none.mov") is None
    with pytest.raises(StorageError):
        store.get_document("v1/orig/s/none.mov")


def test_nothing_around_us_can_lead_the_client_elsewhere(bucket, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[default]\nendpoint_url = http://evil.example\n")
    for name, value in {
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "one that does not exist",
        "AWS_ENDPOINT_URL": "http://evil.example",
        "AWS_ENDPOINT_URL_S3": "http://evil.example",
        "AWS_ACCESS_KEY_ID": "evil",
        "AWS_SECRET_ACCESS_KEY": "evil",
        "AWS_SESSION_TOKEN": "evil",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_CA_BUNDLE": str(tmp_path / "none"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    client = connect_client(bucket, ACCESS)
    assert client.meta.endpoint_url == bucket.endpoint
    assert client._endpoint.http_session._verify is True, "only the usual authorities are believed"
    assert client.head_bucket(Bucket=bucket.bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert R2Store(bucket, ACCESS).find_document("v1/none.json") is None


@pytest.mark.parametrize(
    ("jurisdiction", "host"), [("default", "r2.cloudflarestorage.com"), ("eu", "eu.r2.cloudflarestorage.com")]
)
def test_cloudflares_own_addresses(jurisdiction, host):
    storage = R2Storage(kind="r2", account_id="a" * 32, bucket="footage", jurisdiction=jurisdiction)
    assert build_endpoint(storage) == f"https://{'a' * 32}.{host}"


def test_the_secret_reaches_no_log_even_where_all_is_logged(bucket, file, caplog):
    path, sums, key = file(10)
    with caplog.at_level(logging.DEBUG):
        R2Store(bucket, ACCESS).put_file(key, path, sums)
    assert ACCESS.secret not in caplog.text
    assert "Signature=" not in caplog.text


def test_a_bucket_is_opened_from_the_settings(bucket, tmp_path):
    (tmp_path / "r2").write_text(f"ACCESS_KEY_ID={ACCESS.id}\nSECRET_ACCESS_KEY={ACCESS.secret}\n")
    (tmp_path / "r2").chmod(0o400)
    assert open_store(bucket, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).find_document("v1/none.json") is None


def test_a_file_that_changes_while_it_is_sent_is_noticed_within_the_part(store, file):
    """Its first part is on the way when the second is written to: no third part is sent."""
    path, sums, key = file(3 * LEAST)

    def meddle(**_: object) -> None:
        with path.open("r+b") as clip:
            clip.seek(LEAST + 1)
            clip.write(b"meanwhile")

    store._pace.note_trouble()  # one part at a time
    store._client.meta.events.register("after-call.s3.CreateMultipartUpload", meddle)
    counted = calls(store)
    with pytest.raises(SourceChanged, match=path.name):
        store.put_file(key, path, sums)
    assert counted["UploadPart"] <= 3, "the part that changed, perhaps twice, and none after it"
    assert store.stat_object(key) is None
    assert uploads(store, key) == []


def test_a_disk_that_fails_under_an_upload_is_not_taken_for_the_store(store, file, monkeypatch):
    path, sums, key = file(2 * LEAST)
    whole_read = os.pread

    def fail_later(descriptor: int, count: int, at: int) -> bytes:
        if at > LEAST + 1000:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return whole_read(descriptor, count, at)

    monkeypatch.setattr(os, "pread", fail_later)
    with pytest.raises(OSError, match="Input/output error"):
        store.put_file(key, path, sums)


def test_a_part_that_fails_is_sent_again_alone(store, file, monkeypatch):
    monkeypatch.setattr("mcsyncd.publish.multipart._FIRST_WAIT_S", 0.01)
    path, sums, key = file(4 * LEAST)
    tried: Counter[int] = Counter()

    def fail_twice(params: dict, **_: object) -> None:
        number = int(params["query_string"]["partNumber"])
        tried[number] += 1
        if number == 2 and tried[2] <= 2:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")

    store._client.meta.events.register("before-call.s3.UploadPart", fail_twice)
    store.put_file(key, path, sums)
    assert tried == {1: 1, 2: 3, 3: 1, 4: 1}
    assert store.stat_object(key).etag == sums.tag


def test_an_upload_whose_parts_are_refused_is_abandoned_and_said(store, file):
    """As R2 does with parts of different sizes; here one has another sum than was promised."""
    path, sums, key = file(2 * LEAST)

    def claim_another_sum(params: dict, **_: object) -> dict:
        first, *others = params["MultipartUpload"]["Parts"]
        return params | {"MultipartUpload": {"Parts": [first | {"ETag": f'"{"0" * 32}"'}, *others]}}

    store._client.meta.events.register("provide-client-params.s3.CompleteMultipartUpload", claim_another_sum)
    with pytest.raises(StorageError, match="InvalidPart") as caught:
        store.put_file(key, path, sums)
    assert not isinstance(caught.value, StoreOffline | StoreRefused)
    assert "request" in caught.value.message, "support asks for the id of the request"
    assert uploads(store, key) == []
