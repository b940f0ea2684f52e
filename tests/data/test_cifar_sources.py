"""The catalog's CIFAR-10 and CIFAR-100, from every form in which they may lie on a machine."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.data.cifar_files import archive_bytes, archive_with, small_rows, write_version
from tests.data.server import Server, serving
from tests.data.small_cifar import BATCHES, packed, use_small_cifar, write_unpacked
from trainlab.data.catalog import describe, load
from trainlab.data.download import get
from trainlab.data.importing import import_files
from trainlab.data.loader import Loader
from trainlab.data.split import split
from trainlab.data.transforms import Standardize
from trainlab.data.verification import verify
from trainlab.errors import InputError, RunFailed

TRAINLAB_DATA = os.environ.get("TRAINLAB_DATA")  # before the fixtures hide it

EVERY_FORM = [(name, version) for name in ("cifar-10", "cifar-100") for version in ("python", "binary")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves every archive of the small sets."""
    files = dict(packed(name, version) for name, version in EVERY_FORM)
    with serving(files) as running:
        use_small_cifar(monkeypatch, running.url)
        yield running


def check_content(name: str, data_dir: Path | None = None) -> None:
    batches = list(BATCHES[name].values())
    for part, expected in (("train", np.concatenate(batches[:-1])), ("test", batches[-1])):
        dataset = load(name, part, data_dir)  # type: ignore[arg-type]
        np.testing.assert_array_equal(dataset.images.reshape(len(expected), 3072), expected[:, -3072:])
        np.testing.assert_array_equal(dataset.labels, expected[:, -3073])
        assert dataset.name == name


@pytest.mark.parametrize(("name", "version"), EVERY_FORM)
def test_the_unpacked_folder_is_read_wherever_one_may_put_it(tmp_path: Path, name: str, version: str) -> None:
    folder = write_unpacked(tmp_path / "above" / name, name, version)
    for data_dir in (folder, folder.parent, folder.parent.parent):
        check_content(name, data_dir)


@pytest.mark.parametrize(("name", "version"), EVERY_FORM)
def test_the_archive_is_read_as_it_was_published(tmp_path: Path, name: str, version: str) -> None:
    file_name, content = packed(name, version)
    (tmp_path / file_name).write_bytes(content)
    check_content(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [file_name]


def test_the_names_without_a_hyphen_mean_the_same() -> None:
    assert describe("cifar10") is describe("cifar-10")
    assert describe("cifar100") is describe("cifar-100")


@pytest.mark.parametrize(("name", "classes"), [("cifar-10", 10), ("cifar-100", 100)])
def test_what_the_catalog_says(name: str, classes: int) -> None:
    known = describe(name)
    assert len(set(known.classes)) == classes
    assert list(known.classes) == sorted(known.classes)
    assert known.image_shape == (3, 32, 32)
    assert known.sizes == {"train": 50_000, "test": 10_000}
    digests = [[file.sha256 for file in edition.all_files()] for edition in known.editions]
    assert digests[0] == digests[1], "both versions hold the same rows"
    for edition in known.editions:
        assert edition.archive is not None
        assert edition.mirrors[0] == "https://www.cs.toronto.edu/~kriz/"
        assert all(mirror.endswith("/") for mirror in edition.mirrors)


def test_images_are_mapped_and_the_loader_serves_them(tmp_path: Path) -> None:
    write_unpacked(tmp_path, "cifar-10", "python")
    train = load("cifar-10", "train", tmp_path)
    assert isinstance(train.images.base, np.memmap)
    assert not train.images.flags.writeable
    parts = split(train.labels, 0.2, seed=0)
    transform = Standardize.fit(train.images, parts.train)
    loader = Loader(train, parts.train, 16, transform, seed=0, shuffle=True)
    served = np.concatenate([batch.images for batch in loader.epoch(1)])
    assert served.shape == (160, 3, 32, 32)
    np.testing.assert_allclose(served.mean(axis=(0, 2, 3)), 0, atol=1e-3)
    np.testing.assert_allclose(served.std(axis=(0, 2, 3)), 1, atol=1e-3)


def test_a_missing_set_names_its_archives() -> None:
    with pytest.raises(
        InputError, match=r"Put cifar-10-python\.tar\.gz or cifar-10-binary\.tar\.gz into .*cifar-10, or"
    ):
        load("cifar-10", "train")


def test_a_missing_batch_is_named(tmp_path: Path) -> None:
    folder = write_unpacked(tmp_path, "cifar-10", "binary")
    (folder / "data_batch_3.bin").unlink()
    with pytest.raises(InputError, match=r"cifar-10-batches-bin: holds data_batch_1\.bin.* but not data_batch_3\.bin"):
        load("cifar-10", "train", tmp_path)
    assert len(load("cifar-10", "test", tmp_path)) == 30


def test_files_of_the_other_set_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_version(folder, {"test_batch": small_rows(3, 100, 20)}, "python")
    with pytest.raises(InputError, match=r"holds batch_label, coarse_labels.*expected data and labels"):
        load("cifar-10", "test", tmp_path)


def test_a_label_that_no_class_has_is_refused(tmp_path: Path) -> None:
    rows = small_rows(3)
    rows[1, 0] = 10
    write_version(tmp_path / "cifar-10-batches-bin", {"test_batch": rows}, "binary")
    with pytest.raises(InputError, match=r"label 10 \(image 1\) is out of range; expected 0 to 9"):
        load("cifar-10", "test", tmp_path)


def test_a_malicious_pickle_in_an_archive_is_refused_by_name(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    attack = b"\x80\x02cos\nsystem\nU" + bytes([len(f"touch {trace}")]) + f"touch {trace}".encode() + b"\x85R."
    content = archive_bytes({"cifar-10-batches-py/test_batch": attack})
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"cifar-10-batches-py/test_batch: this pickle asks for os\.system"):
        load("cifar-10", "test", tmp_path)
    assert not trace.exists()


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(archive_with(link))
    with pytest.raises(InputError, match="is no plain file"):
        load("cifar-10", "test", tmp_path)


def test_get_fetches_the_archive_and_keeps_it_packed(server: Server, cache: Path) -> None:
    told: list[tuple[int, int | None]] = []
    assert get("cifar10", progress=lambda done, total: told.append((done, total))) == cache / "cifar-10"
    assert [name for name, _ in server.requests] == ["cifar-10-python.tar.gz"]
    size = len(server.files["cifar-10-python.tar.gz"])
    assert told[-1] == (size, size)
    check_content("cifar-10")
    assert all(check.ok for check in verify("cifar-10"))


@pytest.mark.parametrize("version", ["python", "binary"])
def test_get_fetches_nothing_when_either_version_is_there(server: Server, cache: Path, version: str) -> None:
    write_unpacked(cache / "cifar-100", "cifar-100", version)
    get("cifar-100")
    assert server.requests == []


def test_a_damaged_batch_that_would_hide_the_archive_is_named(server: Server, tmp_path: Path, cache: Path) -> None:
    folder = write_unpacked(cache / "cifar-10", "cifar-10", "python")
    (folder / "test_batch").write_bytes(b"damaged")
    expected = r"test_batch.*It is read before .*cifar-10-python\.tar\.gz, so remove it\.$"
    with pytest.raises(InputError, match=expected):
        get("cifar-10")
    name, content = packed("cifar-10", "python")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=expected):
        import_files(tmp_path / name)
    (folder / "test_batch").unlink()
    check_content("cifar-10")
    assert get("cifar-10") == cache / "cifar-10"


def test_an_archive_without_gzip_that_is_damaged_is_in_nobody_s_way(server: Server, cache: Path) -> None:
    (cache / "cifar-10").mkdir(parents=True)
    (cache / "cifar-10" / "cifar-10-python.tar").write_bytes(b"damaged")
    assert get("cifar-10") == cache / "cifar-10"
    check_content("cifar-10")


def test_get_takes_no_archive_with_another_digest(server: Server, cache: Path) -> None:
    server.files["cifar-10-python.tar.gz"] = server.files["cifar-100-python.tar.gz"]
    with pytest.raises(RunFailed, match=r"(?s)SHA-256 .*cifar-10 still needs cifar-10-python\.tar\.gz in .*cifar-10"):
        get("cifar-10")
    assert not (cache / "cifar-10" / "cifar-10-python.tar.gz").exists()


@pytest.mark.parametrize(("name", "version"), EVERY_FORM)
def test_verify_looks_at_the_content_of_whichever_version_is_there(
    server: Server, cache: Path, name: str, version: str
) -> None:
    folder = write_unpacked(cache / name, name, version)
    checks = verify(name)
    assert all(check.ok for check in checks)
    first = next(iter(checks)).path
    assert first is not None
    rows = next(iter(BATCHES[name].values())).copy()
    rows[0, -1] ^= 1  # one bit of one pixel
    write_version(folder, {first.name.removesuffix(".bin"): rows}, version)
    checks = verify(name)
    assert [check.ok for check in checks] == [False] + [True] * (len(checks) - 1)
    assert "SHA-256 of the content is" in str(checks[0].problem)


def test_verify_says_what_is_missing(server: Server) -> None:
    checks = verify("cifar-100")
    assert [(check.name, check.present) for check in checks] == [("train", False), ("test", False)]


@pytest.mark.parametrize(("name", "version"), EVERY_FORM)
def test_import_recognises_batches_and_archives_under_any_name(
    server: Server, tmp_path: Path, cache: Path, name: str, version: str
) -> None:
    folder = write_unpacked(tmp_path / "friend", name, version)
    for number, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / f"unnamed {number}")
    found = import_files(tmp_path / "friend")
    assert {(file.dataset, file.edition) for file in found.recognised} == {(name, f"{version} version")}
    suffix = ".bin" if version == "binary" else ""
    assert {file.name for file in found.recognised} == {f"{batch}{suffix}" for batch in BATCHES[name]}
    check_content(name)
    assert all(check.ok for check in verify(name))


@pytest.mark.parametrize(("name", "version"), EVERY_FORM)
@pytest.mark.parametrize("repacked", [False, True])
def test_import_copies_a_genuine_archive_as_it_is(
    server: Server, tmp_path: Path, cache: Path, name: str, version: str, repacked: bool
) -> None:
    file_name, content = packed(name, version)
    content += bytes(9) if repacked else b""  # gzip allows zeros at its end
    (tmp_path / "download").write_bytes(content)
    (file,) = import_files(tmp_path / "download").recognised
    assert file.destination == cache / name / file_name
    assert file.destination.read_bytes() == content
    check_content(name)


@pytest.mark.parametrize(("name", "version"), EVERY_FORM)
def test_an_archive_without_gzip_or_with_dots_before_its_names_will_do(
    server: Server, tmp_path: Path, cache: Path, name: str, version: str
) -> None:
    file_name, _ = packed(name, version)
    write_unpacked(tmp_path / "friend", name, version)
    with tarfile.open(tmp_path / "download", "w") as tar:
        tar.add(tmp_path / "friend", ".")
    (file,) = import_files(tmp_path / "download").recognised
    assert file.destination == cache / name / file_name.removesuffix(".gz")
    check_content(name)
    assert all(check.ok for check in verify(name))


def test_names_in_an_archive_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "other.tar.gz").write_bytes(archive_bytes({"\x1b[2J\n": b""}))
    with pytest.raises(InputError) as refusal:
        import_files(tmp_path)
    assert r"it holds '\x1b[2J\n'." in str(refusal.value)


def test_import_says_why_it_passes_a_file_over(server: Server, tmp_path: Path) -> None:
    folder = write_unpacked(tmp_path / "friend", "cifar-10", "python")
    (folder / "batches.meta").write_bytes(b"\x80\x02}.")  # belongs to them, and nothing here needs it
    (folder / "attack").write_bytes(b"\x80\x02cos\nsystem\n.")
    (folder / "strange").write_bytes(small_rows(7).tobytes())
    (folder / "bad.tar.gz").write_bytes(archive_bytes({"../out": b"1"}))
    found = import_files(tmp_path / "friend")
    assert len(found.recognised) == 6
    reasons = {passed.path.name: passed.reason for passed in found.unrecognised}
    assert set(reasons) == {"attack", "strange", "bad.tar.gz"}
    assert "asks for os.system" in reasons["attack"]
    assert "is in binary version, but no known data set's file" in reasons["strange"]
    assert "lies outside the archive" in reasons["bad.tar.gz"]


def test_import_refuses_an_archive_with_other_content_under_the_right_names(server: Server, tmp_path: Path) -> None:
    rows = {f"cifar-100-binary/{part}.bin": small_rows(3, 100, 20).tobytes() for part in ("train", "test")}
    (tmp_path / "changed.tar.gz").write_bytes(archive_bytes(rows))
    with pytest.raises(InputError, match=r"(?s)passed over, and why:.*changed\.tar\.gz.*SHA-256 of the content is"):
        import_files(tmp_path)


def test_import_refuses_an_archive_of_something_else_and_one_that_was_cut_off(tmp_path: Path) -> None:
    (tmp_path / "other.tar.gz").write_bytes(archive_bytes(dict.fromkeys("abcd", b"")))
    whole = packed("cifar-10", "binary")[1]
    (tmp_path / "part.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError) as refusal:
        import_files(tmp_path)
    assert "other.tar.gz: is an archive of no known data set; it holds a, b, c, …." in str(refusal.value)
    assert "part.tar.gz: is no .tar.gz archive or is damaged" in str(refusal.value)


def test_the_real_files_are_the_published_ones_where_they_are_at_hand() -> None:
    for name in ("cifar-10", "cifar-100"):
        for edition in describe(name).editions:
            data_dir = Path(TRAINLAB_DATA) if TRAINLAB_DATA else None
            held = {} if data_dir is None else edition.find_in(data_dir, "train") | edition.find_in(data_dir, "test")
            assert set(edition.problems(held).values()) <= {None}
            if name == "cifar-10" and held:
                images, labels = edition.read([held[file] for file in edition.files["train"]])
                assert labels[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
                assert np.bincount(labels).tolist() == [5000] * 10
                fitted = Standardize.fit(images, np.arange(len(images)))
                assert [round(mean / 255, 4) for mean in fitted.mean] == [0.4914, 0.4822, 0.4465]
                assert [round(std / 255, 4) for std in fitted.std] == [0.2470, 0.2435, 0.2616]
