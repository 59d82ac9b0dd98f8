"""`share`: what the URLs of a published session open, and for whom and how long."""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from publish.sessions import session

from mcsyncd.cli.main import main
from mcsyncd.errors import StorageError
from mcsyncd.model.publishing import HeadState, Publication, StoreHead
from mcsyncd.publish.keys import build_head_key
from mcsyncd.publish.manifest import build_manifest, serialize_canonical
from mcsyncd.publish.r2 import R2Store
from mcsyncd.publish.release import point_head, release_manifest
from mcsyncd.publish.share import list_shared_objects
from r2strict.bucket import ACCESS

OF = session()
PROXIES = [one for one in OF.publishing.plan.objects if one.kind == "proxy"]


@pytest.fixture(scope="module")
def store(plain_bucket) -> R2Store:
    """The bucket with a published session; the content of each proxy is the text of its path."""
    made = R2Store(plain_bucket.storage, ACCESS)
    for one in PROXIES:
        made._client.put_object(Bucket=made._bucket, Key=one.key, Body=one.path.encode())
    release_manifest(made, serialize_canonical(build_manifest(OF, versions={"mcsyncd": "0.1.0"})))
    return made


@pytest.fixture
def share(store, r2_config, tmp_path, capsys):
    def run(*arguments: str, session: str = OF.id) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    "--config",
                    str(r2_config),
                    "share",
                    session,
                    "--credential",
                    str(tmp_path / "key"),
                    *arguments,
                ]
            )
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def fetch(url: str, span: str | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Range": span} if span else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()


def test_a_url_opens_its_object_and_ranges_of_it(share, caplog):
    caplog.set_level(logging.DEBUG)
    code, out, _ = share("--kind", "proxy")
    assert code == 0
    shared = json.loads(out)
    assert (shared["session"], shared["revision"], shared["state"]) == (OF.id, OF.revision, "current")
    by_clip = {one["clip"]: one for one in shared["objects"]}
    assert by_clip.keys() == {one.clip for one in PROXIES}
    for planned in PROXIES:
        found, content = by_clip[planned.clip], planned.path.encode()
        assert (found["kind"], found["bytes"], found["content_type"]) == ("proxy", len(content), "video/mp4")
        assert found["key"] == planned.key
        assert fetch(found["url"]) == (200, content)
        assert fetch(found["url"], "bytes=2-5") == (206, content[2:6])
    assert by_clip["cam_a/A001.MOV"]["start_tick"] == 0
    assert by_clip["cam_b/B002.MP4"]["start_tick"] == 61_000_000 * 30 // 1_001_000
    status, manifest = fetch(shared["manifest"]["url"])
    assert status == 200
    assert json.loads(manifest)["session"]["id"] == OF.id
    assert shared["manifest"]["key"] in shared["manifest"]["url"]
    assert "X-Amz-Signature" not in caplog.text
    expires = datetime.fromisoformat(shared["expires"])
    assert timedelta(hours=11, minutes=59) < expires - datetime.now(UTC) <= timedelta(hours=12)


def test_without_a_choice_originals_and_mezzanines_are_not_shared(share):
    assert {one["kind"] for one in json.loads(share()[1])["objects"]} == {"proxy", "sprites", "peaks"}


def test_a_url_that_was_changed_opens_nothing(share):
    (one, other) = json.loads(share("--kind", "proxy")[1])["objects"][:2]
    assert fetch(one["url"].replace("X-Amz-Expires=43200", "X-Amz-Expires=604800"))[0] == 403
    path, _, query = one["url"].partition("?")
    assert fetch(f"{other['url'].partition('?')[0]}?{query}")[0] == 403
    assert fetch(path)[0] == 403


def test_a_url_ends(share):
    url = json.loads(share("--kind", "proxy", "--hours", "0.0004")[1])["objects"][0]["url"]
    assert "X-Amz-Expires=1&" in url
    time.sleep(2.5)
    assert fetch(url)[0] in {400, 403}


@pytest.mark.parametrize("hours", ["0", "168.1", "-1"])
def test_no_url_for_longer_than_the_store_accepts(share, hours):
    assert share("--hours", hours)[0] == 2


@pytest.mark.parametrize("name", ["20200101-000000-aaa", "../v1/orig", "x" * 2000])
def test_a_session_that_is_not_there_is_named(share, name):
    code, out, err = share(session=name)
    assert (code, out) == (2, "")
    assert "session" in err


def test_a_folder_has_no_urls(line, capsys):
    line.configure()
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(line.config), "share", OF.id])
    assert ended.value.code
    assert "the store is a folder" in capsys.readouterr().err


def test_an_object_of_another_session_is_not_given_away():
    document = build_manifest(OF, versions={"mcsyncd": "0.1.0"})
    proxy = next(clip["proxy"] for camera in document["cameras"] for clip in camera["clips"] if clip["proxy"])
    proxy["key"] = proxy["key"].replace(OF.id, "20200101-000000-aaa")
    with pytest.raises(StorageError, match="not its own"):
        list(list_shared_objects(OF.id, document, frozenset({"proxy"})))


def test_a_withdrawn_session_is_not_shared_and_one_under_review_is_warned_of(share, store):
    """The last: it changes what the others share."""
    found = json.loads(store.get_document(build_head_key(OF.id)))
    named = Publication(found["revision"], found["manifest_key"], found["manifest_sha256"])
    for state in (HeadState.UNDER_REVIEW, HeadState.WITHDRAWN):
        time.sleep(1.1)  # a key is written once a second
        point_head(store, OF.id, named, StoreHead(state, OF.revision, "wrong takes"))
        code, out, err = share("--kind", "proxy")
        if state is HeadState.UNDER_REVIEW:
            assert (code, json.loads(out)["state"]) == (0, "under_review")
            assert "under review" in err
    assert (code != 0, out) == (True, "")
    assert "withdrawn: wrong takes" in err
