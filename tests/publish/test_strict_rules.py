"""What R2 refuses and seaweed accepts: each rule, with a client that uses boto3's defaults."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import select
import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from publish.plain_client import connect_plainly

from r2strict.bucket import ACCESS, BUCKET
from r2strict.service import StrictStore
from r2strict.write_window import WriteWindow

MIB = 1 << 20
SPARE = "spare"
"""A bucket that may be spoilt: what seaweed accepts stays set."""
CRC64NVME = base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()
"""Of `123456789`: the check value in the catalogue of CRC algorithms."""
NEW_KEY = (f"rules/{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def lenient(seaweed):
    """A client of seaweed itself."""
    client = connect_plainly(seaweed)
    client.create_bucket(Bucket=SPARE)
    yield client
    client.close()


@pytest.fixture(scope="module")
def client(plain_bucket, lenient):
    """A client of the store as R2 would be."""
    client = connect_plainly(plain_bucket.storage)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def long_second(monkeypatch):
    """A second that a busy machine does not let pass."""
    monkeypatch.setattr("r2strict.write_window.WRITE_INTERVAL_S", 60.0)


def answer(call, *arguments) -> tuple[int, str]:
    """Return status and code of the answer to a call."""
    try:
        return call(*arguments)["ResponseMetadata"]["HTTPStatusCode"], ""
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]


def put(client, bucket=SPARE, **given):
    return client.put_object(**{"Bucket": bucket, "Key": next(NEW_KEY), "Body": b"x", **given})


def upload(client, sizes):
    names = {"Bucket": SPARE, "Key": next(NEW_KEY)}
    names["UploadId"] = client.create_multipart_upload(**names)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(**names, PartNumber=number, Body=bytes(size))["ETag"],
        }
        for number, size in enumerate(sizes, 1)
    ]
    return client.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})


def test_the_second_of_a_key_begins_when_its_write_has_succeeded(monkeypatch):
    monkeypatch.setattr("r2strict.write_window.WRITE_INTERVAL_S", 1.0)
    now = 100.0
    window = WriteWindow(lambda: now)
    assert window.begin("a")
    assert not window.begin("a"), "another write is in flight"
    window.end("a", has_succeeded=False)
    assert window.begin("a")
    now = 100.5
    window.end("a", has_succeeded=True)
    assert window.begin("b")
    now = 101.4
    assert not window.begin("a")
    now = 101.5
    assert window.begin("a")


def put_twice(client):
    key = next(NEW_KEY)
    put(client, Key=key)
    return put(client, Key=key)


CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}]}
EXPIRY = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "v1/db/"}, "Expiration": {"Days": 90}}
ABORT = {
    "ID": "mcs-mpu",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 30},
}
TO_IA = {
    "ID": "ia",
    "Status": "Enabled",
    "Filter": {"Prefix": "v1/orig/"},
    "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
}
MISSING = (501, "NotImplemented")


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        pytest.param(lambda c: upload(c, [5 * MIB, 6 * MIB, 1]), (400, "InvalidPart"), id="unequal parts"),
        pytest.param(lambda c: upload(c, [5 * MIB, 6 * MIB]), (400, "InvalidPart"), id="a longer last part"),
        pytest.param(put_twice, (429, "TooManyRequests"), id="two writes in a second"),
        pytest.param(lambda c: put(c, Metadata={"a": "b" * 8192}), (400, "MetadataTooLarge"), id="metadata"),
        pytest.param(lambda c: put(c, Tagging="a=b"), MISSING, id="tags"),
        pytest.param(lambda c: put(c, ACL="public-read"), MISSING, id="acl"),
        pytest.param(lambda c: put(c, StorageClass="GLACIER"), MISSING, id="storage class"),
        pytest.param(
            lambda c: c.put_bucket_cors(Bucket=SPARE, CORSConfiguration=CORS), MISSING, id="checksum of cors"
        ),
        pytest.param(
            lambda c: c.put_bucket_lifecycle_configuration(
                Bucket=SPARE, LifecycleConfiguration={"Rules": [EXPIRY]}
            ),
            MISSING,
            id="checksum of lifecycle",
        ),
        pytest.param(
            lambda c: c.create_multipart_upload(
                Bucket=SPARE, Key=next(NEW_KEY), ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
            ),
            MISSING,
            id="crc32 of the whole object",
        ),
        pytest.param(lambda c: c.get_bucket_versioning(Bucket=SPARE), MISSING, id="versioning"),
        pytest.param(lambda c: c.get_bucket_acl(Bucket=SPARE), MISSING, id="acl of the bucket"),
        pytest.param(
            lambda c: c.put_bucket_tagging(Bucket=SPARE, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}),
            MISSING,
            id="tags of the bucket",
        ),
    ],
)
def test_what_seaweed_accepts_and_r2_refuses(lenient, client, call, refusal):
    assert answer(call, lenient)[0] < 300
    assert answer(call, client) == refusal


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"Key": "k" * 1025}, (400, "InvalidObjectName")),
        ({"GrantRead": 'id="a"'}, MISSING),
        ({"ObjectLockLegalHoldStatus": "ON"}, MISSING),
        (
            {
                "ObjectLockMode": "GOVERNANCE",
                "ObjectLockRetainUntilDate": datetime(2030, 1, 1, tzinfo=UTC),
            },
            MISSING,
        ),
        ({"ServerSideEncryption": "aws:kms"}, MISSING),
    ],
)
def test_what_both_refuse_is_refused_in_r2s_words(client, given, refusal):
    assert answer(lambda: put(client, **given)) == refusal


@pytest.mark.parametrize(
    "given",
    [
        {"Key": "/".join(["k" * 204] * 5)},
        {"Metadata": {"a": "b" * 8191}},
        {"ACL": "private"},
        {"StorageClass": "STANDARD_IA"},
    ],
)
def test_what_r2_takes_is_passed_on(client, given):
    assert answer(lambda: put(client, **given)) == (200, "")


def test_the_storage_class_is_kept_as_a_label(client):
    key = next(NEW_KEY)
    put(client, Key=key, StorageClass="STANDARD_IA")
    assert client.head_object(Bucket=SPARE, Key=key)["StorageClass"] == "STANDARD_IA"


def test_boto3s_trailing_checksum_is_refused_over_tls(secure_bucket, seaweed, monkeypatch):
    """Over http it sends none; so what seaweed makes of it shows with the rules switched off."""
    client = connect_plainly(secure_bucket.storage)
    assert answer(lambda: put(client, BUCKET)) == MISSING
    monkeypatch.setattr("r2strict.proxy.find_refusal", lambda _: None)
    assert answer(lambda: put(client, BUCKET)) == (200, "")
    client.close()


@pytest.mark.parametrize(("bucket_of", "is_lost"), [("lenient", False), ("client", True)])
def test_a_condition_that_is_not_met_destroys_the_upload(request, monkeypatch, bucket_of, is_lost):
    client = request.getfixturevalue(bucket_of)
    key = next(NEW_KEY)
    put(client, Key=key)
    begun = client.create_multipart_upload(Bucket=SPARE, Key=key)["UploadId"]
    names = {"Bucket": SPARE, "Key": key, "UploadId": begun}
    part = client.upload_part(**names, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    monkeypatch.setattr("r2strict.write_window.WRITE_INTERVAL_S", 0.0)
    found = answer(lambda: client.complete_multipart_upload(**names, MultipartUpload=parts, IfNoneMatch="*"))
    assert found == (412, "PreconditionFailed")
    assert (answer(lambda: client.list_parts(**names)) == (404, "NoSuchUpload")) == is_lost


def test_only_writes_to_the_same_key_have_to_wait(client):
    key = next(NEW_KEY)
    put(client, Key=key)
    put(client, Key=f"{key}/other")
    client.head_bucket(Bucket=SPARE)
    client.head_object(Bucket=SPARE, Key=key)
    client.create_multipart_upload(Bucket=SPARE, Key=key)
    client.delete_object(Bucket=SPARE, Key=key)
    assert answer(lambda: put(client, Key=key)) == (429, "TooManyRequests")


def test_a_write_that_failed_makes_no_other_wait(client):
    key = next(NEW_KEY)
    assert answer(lambda: put(client, Key=key, ContentMD5=base64.b64encode(bytes(16)).decode()))[0] == 400
    assert answer(lambda: put(client, Key=key)) == (200, "")


def send_with_expect(url: str) -> tuple[bytes, bytes]:
    """PUT three bytes after `Expect: 100-continue`; return what came before the body was sent, and after."""
    parts = urlsplit(url)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(head.encode())
        came = connection.recv(4096) if select.select([connection], [], [], 0.5)[0] else b""
        connection.sendall(b"abc")
        return came, connection.recv(4096)


def test_nobody_is_told_to_go_on(lenient, client):
    """A client that asks waits in vain, a second in the case of boto3."""
    before, after = [
        send_with_expect(one.generate_presigned_url("put_object", {"Bucket": SPARE, "Key": next(NEW_KEY)}))
        for one in (lenient, client)
    ]
    assert before[0].startswith(b"HTTP/1.1 100")
    assert after[0] == b""
    assert after[1].startswith(b"HTTP/1.1 200")


def test_lists_come_in_pages_of_a_thousand(lenient, client, monkeypatch):
    """Seaweed's pages are longer. A thousand parts take long to send, so the limit is set lower here."""
    names = {"Bucket": SPARE, "Key": next(NEW_KEY)}
    names["UploadId"] = client.create_multipart_upload(**names)["UploadId"]
    assert lenient.list_parts(**names)["MaxParts"] > 1000
    for number in range(1, 6):
        client.upload_part(**names, PartNumber=number, Body=b"x")
        put(client, Key=f"pages/{number}")
    for module in ("proxy", "upstream"):
        monkeypatch.setattr(f"r2strict.{module}.MAX_PAGE", 2)
    page = client.list_parts(**names)
    assert [part["PartNumber"] for part in page["Parts"]] == [1, 2]
    assert (page["IsTruncated"], page["NextPartNumberMarker"]) == (True, 2)
    everything = client.get_paginator("list_parts").paginate(**names).build_full_result()["Parts"]
    assert [part["PartNumber"] for part in everything] == [1, 2, 3, 4, 5]
    listed = client.list_objects_v2(Bucket=SPARE, Prefix="pages/")
    assert [found["Key"] for found in listed["Contents"]] == ["pages/1", "pages/2"]
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=SPARE, Prefix="pages/")
    assert len(pages.build_full_result()["Contents"]) == 5


def use_md5(client) -> None:
    """Send a Content-MD5 instead of the checksum that R2 does not implement."""

    def replace(request, **_: object) -> None:
        for name in list(request.headers.keys()):
            if "checksum" in name.lower():
                del request.headers[name]
        request.headers["Content-MD5"] = base64.b64encode(hashlib.md5(request.data).digest()).decode()

    client.meta.events.register_first("before-sign.s3.PutBucketLifecycleConfiguration", replace)


def test_lifecycle_rules_are_kept_and_say_when_an_upload_ends(seaweed):
    lenient = connect_plainly(seaweed)
    lenient.create_bucket(Bucket="rules")
    use_md5(lenient)
    wanted = {"Bucket": "rules", "LifecycleConfiguration": {"Rules": [TO_IA, ABORT]}}
    assert answer(lambda: lenient.put_bucket_lifecycle_configuration(**wanted))[0] == 501
    with StrictStore(seaweed.endpoint, ACCESS) as store:
        client = connect_plainly(seaweed.model_copy(update={"endpoint": store.endpoint}))
        use_md5(client)
        (rule,) = client.get_bucket_lifecycle_configuration(Bucket="rules")["Rules"]
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
        client.put_bucket_lifecycle_configuration(**wanted)
        assert client.get_bucket_lifecycle_configuration(Bucket="rules")["Rules"] == [TO_IA, ABORT]
        begun = client.create_multipart_upload(Bucket="rules", Key="k")
        assert begun["AbortRuleId"] == "mcs-mpu"
        assert abs(begun["AbortDate"] - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)
        cold = {**TO_IA, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}
        wanted["LifecycleConfiguration"] = {"Rules": [cold]}
        assert answer(lambda: client.put_bucket_lifecycle_configuration(**wanted)) == MISSING
        client.delete_bucket_lifecycle(Bucket="rules")
        assert answer(lambda: client.get_bucket_lifecycle_configuration(Bucket="rules"))[0] == 404
        assert "AbortDate" not in client.create_multipart_upload(Bucket="rules", Key="k")
        client.close()
    lenient.close()


def test_rules_are_kept_for_nobody_without_the_key(plain_bucket):
    client = connect_plainly(plain_bucket.storage, secret="wrong")
    use_md5(client)
    wanted = {"Bucket": BUCKET, "LifecycleConfiguration": {"Rules": [ABORT]}}
    assert answer(lambda: client.put_bucket_lifecycle_configuration(**wanted))[0] == 403
    assert answer(lambda: client.get_bucket_lifecycle_configuration(Bucket=BUCKET))[0] == 403
    client.close()


def test_answers_carry_what_support_asks_for(client):
    accepted = put(client)["ResponseMetadata"]
    with pytest.raises(ClientError) as caught:
        put(client, Tagging="a=b")
    refused = caught.value.response["ResponseMetadata"]
    for headers in (accepted["HTTPHeaders"], refused["HTTPHeaders"]):
        assert headers["cf-ray"]
        assert headers["x-amz-request-id"]
    assert refused["RequestId"] == refused["HTTPHeaders"]["x-amz-request-id"]


def test_a_checksum_of_the_whole_object_passes_through(client):
    body = b"123456789"
    key = next(NEW_KEY)
    put(client, Key=key, Body=body, ChecksumCRC64NVME=CRC64NVME)
    found = client.head_object(Bucket=SPARE, Key=key, ChecksumMode="ENABLED")
    assert found["ChecksumCRC64NVME"] == CRC64NVME
    wrong = base64.b64encode(bytes(8)).decode()
    assert answer(lambda: put(client, Body=body, ChecksumCRC64NVME=wrong)) == (400, "BadDigest")


def test_a_checksum_of_a_whole_upload_passes_through(client):
    names = {"Bucket": SPARE, "Key": next(NEW_KEY)}
    begun = client.create_multipart_upload(**names, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT")
    sums = {"ChecksumCRC64NVME": CRC64NVME}
    upload = {**names, "UploadId": begun["UploadId"]}
    part = client.upload_part(**upload, PartNumber=1, Body=b"123456789", **sums)
    listed = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], **sums}]}
    ended = client.complete_multipart_upload(
        **upload, MultipartUpload=listed, ChecksumType="FULL_OBJECT", **sums
    )
    assert ended["ChecksumCRC64NVME"] == CRC64NVME
    assert client.head_object(**names, ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == CRC64NVME


def test_a_range_of_an_object_is_what_was_stored(client):
    body = os.urandom(3 * MIB)
    key = next(NEW_KEY)
    put(client, Key=key, Body=body)
    assert client.get_object(Bucket=SPARE, Key=key)["Body"].read() == body
    part = client.get_object(Bucket=SPARE, Key=key, Range="bytes=1000000-2000000")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert part["Body"].read() == body[1_000_000:2_000_001]


def test_an_object_of_many_parts_is_stored_if_they_are_equal(client):
    assert answer(lambda: upload(client, [5 * MIB, 5 * MIB, 7])) == (200, "")
