"""The faults of the store, as a plain client sees them."""

from __future__ import annotations

import itertools
import os
import time

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from publish.plain_client import connect_plainly

from mcsyncd.errors import StorageError
from mcsyncd.publish.credentials import AccessKey
from mcsyncd.publish.r2 import R2Store
from r2strict.bucket import ACCESS, BUCKET
from r2strict.faults import CutBody, DelayAnswer, FalsifyTag, Faults, LoseAnswer, RefuseCall, Trickle

MIB = 1 << 20
NEW_KEY = (f"faults/{number}" for number in itertools.count())


@pytest.fixture
def client(strict):
    client = connect_plainly(strict.storage, read_timeout=2)
    yield client
    client.close()


@pytest.fixture
def key() -> str:
    return next(NEW_KEY)


def has_object(client, key: str) -> bool:
    return key in str(client.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents", ()))


def put(client, key: str, size: int = 10):
    return client.put_object(Bucket=BUCKET, Key=key, Body=bytes(size))


def begin(client, key: str) -> dict:
    begun = client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    return {"Bucket": BUCKET, "Key": key, "UploadId": begun}


def end(client, names: dict, part: dict):
    listed = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    return client.complete_multipart_upload(**names, MultipartUpload=listed)


@pytest.mark.parametrize("after", [0, 100_000, 9 * MIB])
def test_a_body_that_is_cut_is_not_stored(client, faults, strict, key, after):
    strict.store.tally.reset()
    faults.inject(CutBody(after), operations=["PutObject"], calls=1)
    with pytest.raises(HTTPClientError):  # a reset while sending, or an end instead of an answer
        put(client, key, 2 * MIB)
    assert strict.store.tally.read().body_bytes == min(after, 2 * MIB - 1)
    assert not has_object(client, key)
    put(client, key, 2 * MIB)


def test_an_answer_is_lost_after_the_store_is_done(client, faults, key):
    faults.inject(LoseAnswer(), operations=["PutObject"], calls=1)
    with pytest.raises(ConnectionClosedError):
        put(client, key)
    assert has_object(client, key)


def test_the_end_of_an_upload_is_lost_after_the_store_is_done(client, faults, key):
    names = begin(client, key)
    part = client.upload_part(**names, PartNumber=1, Body=b"x")
    faults.inject(LoseAnswer(), operations=["CompleteMultipartUpload"], calls=1)
    with pytest.raises(ConnectionClosedError):
        end(client, names, part)
    assert has_object(client, key)


def test_an_answer_comes_too_late_although_the_store_is_done(client, faults, key):
    faults.inject(DelayAnswer(60), operations=["PutObject"], calls=1)
    with pytest.raises(ReadTimeoutError):
        put(client, key)
    assert has_object(client, key)


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [
        (RefuseCall(500, "InternalError"), None),
        (RefuseCall(503, "ServiceUnavailable", retry_after=3), "3"),
        (RefuseCall(429, "TooManyRequests", retry_after=1), "1"),
    ],
)
def test_the_next_calls_of_a_kind_are_refused_and_do_nothing(client, faults, key, fault, retry_after):
    faults.inject(fault, operations=["PutObject"], calls=2)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            put(client, key)
        found = caught.value.response
        assert (found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"]) == (
            fault.status,
            fault.code,
        )
        assert found["ResponseMetadata"]["HTTPHeaders"].get("retry-after") == retry_after
        assert not has_object(client, key)
    put(client, key)
    assert faults.count_struck(RefuseCall) == 2


def test_calls_fail_by_chance_and_the_chance_can_be_repeated(client, faults):
    def ask() -> str:
        try:
            client.head_bucket(Bucket=BUCKET)
        except ClientError:
            return "x"
        return "."

    runs = []
    for _ in range(2):
        faults.clear()
        faults.inject(RefuseCall(), operations=["HeadBucket"], probability=0.5)
        runs.append("".join(ask() for _ in range(30)))
        assert faults.count_struck() == runs[-1].count("x")
    assert runs[0] == runs[1]
    assert 5 < runs[0].count("x") < 25


def test_the_first_fault_that_strikes_counts():
    faults = Faults()
    faults.inject(LoseAnswer(), operations=["PutObject"], calls=1)
    faults.inject(RefuseCall(), calls=2)
    met = [faults.choose_fault(name) for name in ("HeadObject", "PutObject", "PutObject", "PutObject")]
    assert met == [RefuseCall(), LoseAnswer(), RefuseCall(), None]


def test_a_false_tag_is_in_the_answer_alone(client, faults, key):
    true = put(client, key)["ETag"]
    faults.inject(FalsifyTag(), calls=4)
    assert client.head_object(Bucket=BUCKET, Key=key)["ETag"] != true
    assert client.get_object(Bucket=BUCKET, Key=key)["ETag"] != true
    names = begin(client, f"{key}/parts")
    part = client.upload_part(**names, PartNumber=1, Body=bytes(10))
    assert part["ETag"] != true
    part["ETag"] = true
    faults.inject(FalsifyTag(), calls=1)
    false = end(client, names, part)["ETag"]
    assert client.head_object(Bucket=BUCKET, Key=f"{key}/parts")["ETag"] != false
    assert client.head_object(Bucket=BUCKET, Key=key)["ETag"] == true


def test_bodies_trickle(client, faults, key):
    """Never faster than that; how much slower is not judged."""
    faults.inject(Trickle(1 << 20), operations=["PutObject", "GetObject"])
    body = os.urandom(300_000)
    began = time.monotonic()
    client.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert time.monotonic() - began > 0.25
    began = time.monotonic()
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body
    assert time.monotonic() - began > 0.25


def test_the_store_goes_away_and_comes_back(client, strict, key):
    put(client, key)
    strict.store.go_away()
    try:
        with pytest.raises(BotoCoreError):  # on the connection that was open, which may be noticed or not
            client.head_bucket(Bucket=BUCKET)
        with pytest.raises(EndpointConnectionError):
            client.head_bucket(Bucket=BUCKET)
    finally:
        strict.store.come_back()
    assert has_object(client, key)


def test_calls_are_counted_as_they_are_billed(client, strict, faults, key):
    strict.store.tally.reset()
    put(client, key, 1000)
    put(client, f"{key}/b", 234)
    client.head_object(Bucket=BUCKET, Key=key)
    client.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(ClientError):
        client.head_object(Bucket=BUCKET, Key=key)
    faults.inject(LoseAnswer(), calls=1)
    with pytest.raises(BotoCoreError):
        client.list_objects_v2(Bucket=BUCKET)
    wrong = R2Store(strict.storage, AccessKey(ACCESS.id, "wrong"))
    with pytest.raises(StorageError):
        wrong.stat_object("v1/orig/s/none.mov")
    found = strict.store.tally.read()
    assert found.by_operation == {"PutObject": 2, "HeadObject": 3, "DeleteObject": 1, "ListObjectsV2": 1}
    assert found.by_class == {"A": 3, "B": 2, "free": 2}
    assert found.by_status == {200: 3, 204: 1, 404: 1, 0: 1, 403: 1}
    assert found.body_bytes == 1234


def test_a_body_of_which_the_store_reads_nothing_gets_its_answer(strict, key):
    """A wrong key, and more bytes than fit into the buffers on the way."""
    client = connect_plainly(strict.storage, secret="wrong", read_timeout=60)
    for _ in range(2):
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            put(client, key, 20 * MIB)
    client.close()
