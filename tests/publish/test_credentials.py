from __future__ import annotations

import os

import pytest

from mcsyncd.errors import StorageError
from mcsyncd.publish.credentials import read_access_key, read_access_key_file

SECRET = "s3cr3t-never-to-be-shown"
TEXT = f"# the daemon's key\nACCESS_KEY_ID=abc\nexport SECRET_ACCESS_KEY='{SECRET}'\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "r2").write_text(TEXT)
    (tmp_path / "r2").chmod(0o600)
    return tmp_path


def test_read_from_where_systemd_puts_it(folder):
    found = read_access_key("r2", {"CREDENTIALS_DIRECTORY": str(folder)})
    assert (found.id, found.secret) == ("abc", SECRET)
    assert SECRET not in repr(found)


def test_without_systemd_the_hint_says_what_to_add(folder):
    with pytest.raises(StorageError) as caught:
        read_access_key("r2", {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"})
    assert "LoadCredential=r2" in caught.value.hint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_what_others_may_read_is_refused(folder, mode):
    (folder / "r2").chmod(mode)
    with pytest.raises(StorageError, match="read by others"):
        read_access_key_file(folder / "r2")


def test_a_systemd_credential_with_an_access_list_is_private(folder):
    """systemd gives root's file to the service's user by a list; its mask shows in the group bits."""
    user, entry = os.geteuid() + 1, []
    for tag, right, who in (
        (1, 4, 2**32 - 1),
        (2, 4, user),
        (4, 0, 2**32 - 1),
        (16, 4, 2**32 - 1),
        (32, 0, 2**32 - 1),
    ):
        entry.append(tag.to_bytes(2, "little") + right.to_bytes(2, "little") + who.to_bytes(4, "little"))
    try:
        os.setxattr(folder / "r2", "system.posix_acl_access", (2).to_bytes(4, "little") + b"".join(entry))
    except OSError:
        pytest.skip("no access lists on this filesystem")
    assert (folder / "r2").stat().st_mode & 0o040
    assert read_access_key_file(folder / "r2").id == "abc"


@pytest.mark.parametrize(
    "text",
    ["", "ACCESS_KEY_ID=abc", f"SECRET_ACCESS_KEY={SECRET}", f"ACCESS_KEY_ID=\nSECRET_ACCESS_KEY={SECRET}"],
)
def test_an_incomplete_one_is_refused_without_a_word_of_it(folder, text):
    (folder / "r2").write_text(text)
    with pytest.raises(StorageError, match="incomplete") as caught:
        read_access_key_file(folder / "r2")
    assert SECRET not in str(caught.value)


def test_a_missing_one_and_a_folder(folder):
    for name in ("none", "."):
        with pytest.raises(StorageError):
            read_access_key_file(folder / name)
