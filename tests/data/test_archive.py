import gzip
import hashlib
import tarfile
from pathlib import Path

import pytest

from tests.data.cifar_files import archive_bytes, archive_with
from trainlab.data.archive import archive_of, file_digest, is_archive, member_names, on_disk, read_files
from trainlab.errors import InputError

MEMBERS = {"set/one": b"1", "set/two": b"22", "set/notes.html": b"<p>"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "set.tar.gz"
    path.write_bytes(archive_bytes(MEMBERS))
    return path


def test_an_archive_is_known_by_its_content(archive: Path, tmp_path: Path) -> None:
    assert is_archive(archive)
    (tmp_path / "labels.gz").write_bytes(gzip.compress(bytes(600)))
    (tmp_path / "fake.tar.gz").write_bytes(b"\x1f\x8bdamaged")
    (tmp_path / "empty").touch()
    assert not any(is_archive(tmp_path / name) for name in ("labels.gz", "fake.tar.gz", "empty", "none"))


def test_a_path_through_an_archive_names_a_file_in_it(archive: Path) -> None:
    paths = [archive / "set" / "two", archive / "set" / "one"]
    assert {path.name: content for path, content in read_files(paths)} == {"one": b"1", "two": b"22"}
    assert archive_of(paths[0]) == on_disk(paths[0]) == archive
    assert file_digest(paths[0], "md5") == hashlib.md5(b"22").hexdigest()


def test_ordinary_paths_do_as_well_and_gzip_is_undone(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(b"abc")
    packed.write_bytes(gzip.compress(b"abc"))
    assert [content for _, content in read_files([plain, packed])] == [b"abc", b"abc"]
    assert archive_of(plain) is None
    assert on_disk(plain) == plain
    assert file_digest(packed, "sha256") == hashlib.sha256(packed.read_bytes()).hexdigest()


def test_reading_leaves_nothing_on_the_disk(archive: Path, tmp_path: Path) -> None:
    list(read_files([archive / "set" / "one"]))
    assert list(tmp_path.iterdir()) == [archive]


def test_member_names_are_those_of_the_files(archive: Path) -> None:
    assert member_names(archive) == list(MEMBERS)


def test_a_missing_member_is_named(archive: Path) -> None:
    with pytest.raises(InputError, match=r"set\.tar\.gz: holds no three\."):
        list(read_files([archive / "set" / "three"]))


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize(
    ("strange", "reason"),
    [
        (member("/etc/passwd"), "'/etc/passwd' lies outside the archive"),
        (member("set/../../one"), r"'set/\.\./\.\./one' lies outside the archive"),
        (member("set/one", tarfile.SYMTYPE, "/etc/passwd"), "'set/one' is no plain file"),
        (member("set/one", tarfile.LNKTYPE, "set/two"), "'set/one' is no plain file"),
        (member("set/one", tarfile.CHRTYPE), "'set/one' is no plain file"),
        (member("set/one", tarfile.FIFOTYPE), "'set/one' is no plain file"),
    ],
)
def test_archives_made_to_do_harm_are_refused_by_the_members_name(
    tmp_path: Path, strange: tarfile.TarInfo, reason: str
) -> None:
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(archive_with(strange))
    for read in (lambda: member_names(path), lambda: list(read_files([path / "set" / "one"]))):
        with pytest.raises(InputError, match=reason + "; expected plain files below one folder"):
            read()


def test_a_damaged_archive_is_one_clear_error(archive: Path) -> None:
    whole = archive.read_bytes()
    for content in (whole[: len(whole) // 2], b"<html>", gzip.compress(b"no archive"), whole[:30] + b"\xff" * 40):
        archive.write_bytes(content)
        with pytest.raises(InputError, match=r"set\.tar\.gz: is no \.tar\.gz archive or is damaged"):
            member_names(archive)


def test_a_missing_archive_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        list(read_files([tmp_path / "none.tar.gz" / "one"]))
