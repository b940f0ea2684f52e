import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tests.data.cifar_files import archive_bytes, archive_with
from trainlab.data import archive as archives
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
        (member("/etc/passwd"), "member /etc/passwd lies outside the archive"),
        (member("set/../../one"), r"member set/\.\./\.\./one lies outside the archive"),
        (member("set/one", tarfile.SYMTYPE, "/etc/passwd"), "member set/one is no plain file"),
        (member("set/one", tarfile.LNKTYPE, "set/two"), "member set/one is no plain file"),
        (member("set/one", tarfile.CHRTYPE), "member set/one is no plain file"),
        (member("set/one", tarfile.FIFOTYPE), "member set/one is no plain file"),
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


def claiming(size: int, name: str = "set/one", kind: bytes = tarfile.REGTYPE) -> bytes:
    """An archive of one header and no content."""
    header = member(name, kind)
    header.size = size
    return gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("size", [1 << 40, (1 << 28) + 1, -1024])
def test_a_member_that_claims_more_than_any_published_one_is_refused_by_name(
    tmp_path: Path, size: int, kind: bytes
) -> None:
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(claiming(size, kind=kind))
    claim = rf"its member set/one claims to have {size:,} bytes; expected at most 268,435,456"
    for read in (lambda: member_names(path), lambda: list(read_files([path / "set" / "one"]))):
        with pytest.raises(InputError, match=claim):
            read()


def test_all_that_an_archive_unpacks_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MOST_BYTES", 20_000)
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(archive_bytes({"set/one": bytes(9_000), "set/two": bytes(11_000)}))
    with pytest.raises(InputError, match="its member set/two claims to have 11,000 bytes"):
        member_names(path)
    path.write_bytes(gzip.compress(bytes(30_000)))
    with pytest.raises(InputError, match="unpacks to more than 20,000 bytes, which no published archive does"):
        member_names(path)


def test_an_ordinary_file_far_larger_than_a_published_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_MOST_BYTES", 20_000)
    (tmp_path / "batch").write_bytes(gzip.compress(bytes(20_001)))
    with pytest.raises(InputError, match="batch: holds more than 20,000 bytes, which no published file does"):
        list(read_files([tmp_path / "batch"]))


def test_a_member_that_claims_what_is_not_there_is_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(claiming(100_000))
    for read in (lambda: member_names(path), lambda: list(read_files([path / "set" / "one"]))):
        with pytest.raises(InputError, match=r"is damaged \(it ends too early\)"):
            read()


def test_a_file_with_holes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.tar.gz").write_bytes(claiming(0, kind=tarfile.GNUTYPE_SPARSE))
    with pytest.raises(InputError, match="member set/one is no plain file"):
        member_names(tmp_path / "bad.tar.gz")


def test_a_members_name_is_quoted_and_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(archive_with(member("/\x1b[2J\n" + "m" * 90)))
    with pytest.raises(InputError) as refusal:
        member_names(path)
    assert rf"its member '/\x1b[2J\n{'m' * 74}'… lies outside" in str(refusal.value)


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_every_kind_are_read_with_or_without_gzip(tmp_path: Path, form: int, gzipped: bool) -> None:
    """As ``tar -C folder .`` makes them: every name starts with ./, and folders have members of their own."""
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w:gz" if gzipped else "w", format=form) as tar:
        for name, content in {"": None, "set": None, "set/one": b"1", "set/two": bytes(2000)}.items():
            made = member(f"./{name}", tarfile.DIRTYPE if content is None else tarfile.REGTYPE)
            made.size = len(content or b"")
            made.pax_headers = {"comment": "a note"}
            tar.addfile(made, io.BytesIO(content or b""))
    assert is_archive(path)
    assert member_names(path) == ["set/one", "set/two"]
    assert dict(read_files([path / "set" / "two"])) == {path / "set" / "two": bytes(2000)}


def test_a_name_too_long_for_a_header_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "set.tar.gz"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(path, "w:gz", format=form) as tar:
            for name in ("set/" + "m" * 300, "set/one"):
                made = member(name)
                made.size = 1
                tar.addfile(made, io.BytesIO(b"1"))
        assert dict(read_files([path / "set" / "one"])) == {path / "set" / "one": b"1"}


def test_a_damaged_archive_is_one_clear_error(archive: Path) -> None:
    whole = archive.read_bytes()
    for content in (whole[: len(whole) // 2], b"<html>", gzip.compress(b"no archive"), whole[:30] + b"\xff" * 40):
        archive.write_bytes(content)
        with pytest.raises(InputError, match=r"set\.tar\.gz: is no \.tar\.gz archive or is damaged"):
            member_names(archive)


def test_a_missing_archive_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        list(read_files([tmp_path / "none.tar.gz" / "one"]))
