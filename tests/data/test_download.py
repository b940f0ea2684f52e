import gzip
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.data.idx_files import idx_bytes, small_images
from tests.data.server import Server, serving
from trainlab.data import catalog
from trainlab.data.catalog import load
from trainlab.data.download import get
from trainlab.data.importing import import_files
from trainlab.data.mnist_sources import idx_edition
from trainlab.data.verification import verify
from trainlab.errors import InputError, RunFailed

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
ARRAYS = (small_images(4), np.arange(4, dtype=np.uint8), small_images(2), np.arange(2, dtype=np.uint8))
CONTENTS = {name: idx_bytes(array) for name, array in zip(NAMES, ARRAYS, strict=True)}
PACKED = {name: gzip.compress(content) for name, content in CONTENTS.items()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serves a Fashion-MNIST of six images, which the catalog takes for the real one."""
    train, train_labels, test, test_labels = [
        (hashlib.sha256(CONTENTS[name]).hexdigest(), len(PACKED[name])) for name in NAMES
    ]
    with serving(dict(PACKED)) as running:
        edition = idx_edition(train, train_labels, test, test_labels, (running.url,))
        small = replace(catalog.describe("fashion-mnist"), editions=(edition,))
        monkeypatch.setitem(catalog._SOURCES, "fashion-mnist", small)
        yield running


def test_get_fetches_every_file_to_where_load_finds_them(server: Server, cache: Path) -> None:
    assert get("fashion-mnist") == cache / "fashion-mnist"
    np.testing.assert_array_equal(load("fashion-mnist", "train").images[:, 0], ARRAYS[0])
    np.testing.assert_array_equal(load("fashion-mnist", "test").labels, ARRAYS[3])


def test_get_puts_the_files_where_it_is_told(server: Server, tmp_path: Path) -> None:
    assert get("fashion-mnist", tmp_path / "mine") == tmp_path / "mine" / "fashion-mnist"
    assert len(load("fashion-mnist", "train", tmp_path / "mine")) == 4


def test_get_fetches_only_what_is_missing_or_damaged(server: Server, cache: Path) -> None:
    folder = get("fashion-mnist")
    (folder / NAMES[0]).write_bytes(b"damaged")
    (folder / NAMES[1]).unlink()
    (folder / NAMES[2]).unlink()
    (folder / "t10k-images.idx3-ubyte").write_bytes(CONTENTS[NAMES[2]])  # genuine under another spelling
    server.requests.clear()
    get("fashion-mnist")
    assert [name for name, _ in server.requests] == [NAMES[0], NAMES[1]]


def test_get_leaves_it_at_a_genuine_copy_that_load_would_find(server: Server, cache: Path, tmp_path: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    for name, content in PACKED.items():
        (cache / name).write_bytes(content)  # beside the folder fashion-mnist, not in it
    assert get("fashion-mnist") == cache
    assert not server.requests
    assert get("fashion-mnist", tmp_path / "mine") == tmp_path / "mine" / "fashion-mnist"
    assert len(server.requests) == len(NAMES)


def test_progress_runs_over_all_files_together(server: Server) -> None:
    told: list[tuple[int, int | None]] = []
    get("fashion-mnist", progress=lambda done, total: told.append((done, total)))
    all_bytes = sum(map(len, PACKED.values()))
    assert {total for _, total in told} == {all_bytes}
    assert told[-1][0] == all_bytes


def test_without_network_the_error_says_which_files_go_where(server: Server, cache: Path) -> None:
    server.files.clear()
    with pytest.raises(RunFailed) as failure:
        get("fashion-mnist")
    message = str(failure.value)
    assert f"{server.url}{NAMES[0]}: the server answered 404" in message
    assert f"fashion-mnist still needs {', '.join(NAMES)} in {cache / 'fashion-mnist'}" in message
    assert "`trainlab data import FOLDER`" in message


def test_what_is_bundled_needs_no_download() -> None:
    assert get("mnist") == catalog.describe("mnist").bundled


def test_get_of_an_unknown_set_proposes_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'fashion-mnist'"):
        get("fashion")


def test_verify_finds_the_bundled_files_genuine() -> None:
    checks = verify("mnist")
    assert [check.name for check in checks] == list(NAMES)
    assert all(check.ok and check.present for check in checks)


def test_verify_tells_missing_damaged_and_changed_files_apart(server: Server, cache: Path) -> None:
    folder = get("fashion-mnist")
    (folder / NAMES[0]).write_bytes(PACKED[NAMES[0]][:-9])
    (folder / NAMES[1]).write_bytes(PACKED[NAMES[3]])
    (folder / NAMES[2]).unlink()
    damaged, changed, missing, genuine = verify("fashion-mnist")
    assert damaged.present
    assert "gzip data end too early" in str(damaged.problem)
    assert changed.present
    assert "SHA-256 of the content is" in str(changed.problem)
    assert not missing.present
    assert "not found in" in str(missing.problem)
    assert genuine.ok
    assert genuine.path == folder / NAMES[3]


def test_import_recognises_files_by_content_under_any_name(server: Server, tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "from a friend" / "raw"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(CONTENTS[NAMES[0]])
    (folder / "b").write_bytes(PACKED[NAMES[1]])
    (folder / "notes.txt").write_text("not data")
    (folder / "changed").write_bytes(CONTENTS[NAMES[2]][:-1])
    found = import_files(tmp_path / "from a friend")
    assert [(file.dataset, file.name, file.source.name) for file in found.recognised] == [
        ("fashion-mnist", NAMES[0], "a.bin"),
        ("fashion-mnist", NAMES[1], "b"),
    ]
    assert [passed.path for passed in found.unrecognised] == [folder / "changed"]
    assert "is in IDX format, but no known data set's file" in found.unrecognised[0].reason
    assert [file.destination.name for file in found.recognised] == ["train-images-idx3-ubyte", NAMES[1]]
    assert len(load("fashion-mnist", "train")) == 4


def test_import_takes_a_single_file_and_a_folder_of_choice(tmp_path: Path) -> None:
    bundled = catalog.describe("mnist").bundled
    assert bundled is not None
    (file,) = import_files(bundled / NAMES[3], tmp_path / "mine").recognised
    assert file.destination == tmp_path / "mine" / "mnist" / NAMES[3]
    assert file.destination.read_bytes() == (bundled / NAMES[3]).read_bytes()


def test_a_damaged_file_that_would_hide_an_imported_one_is_named(server: Server, tmp_path: Path, cache: Path) -> None:
    folder = get("fashion-mnist")
    (folder / NAMES[2]).write_bytes(PACKED[NAMES[2]][:-9])
    (tmp_path / "plain").write_bytes(CONTENTS[NAMES[2]])
    expected = f"{NAMES[2]}: the gzip data end too early.*It is read before .*t10k-images-idx3-ubyte, so remove it."
    with pytest.raises(InputError, match=expected):
        import_files(tmp_path / "plain")
    (folder / NAMES[2]).unlink()
    assert len(load("fashion-mnist", "test")) == 2
    assert import_files(tmp_path / "plain").recognised


def test_a_damaged_file_that_comes_after_what_is_fetched_is_in_nobody_s_way(server: Server, cache: Path) -> None:
    folder = get("fashion-mnist")
    (folder / NAMES[2]).rename(folder / NAMES[2].removesuffix(".gz"))
    (folder / NAMES[2].removesuffix(".gz")).write_bytes(b"damaged")
    assert get("fashion-mnist") == folder
    assert len(load("fashion-mnist", "test")) == 2


def test_importing_a_file_from_where_it_belongs_leaves_it(server: Server) -> None:
    folder = get("fashion-mnist")
    assert len(import_files(folder).recognised) == 4
    assert (folder / NAMES[0]).read_bytes() == PACKED[NAMES[0]]


def test_import_of_nothing_known_names_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "changed").write_bytes(idx_bytes(ARRAYS[0]))
    with pytest.raises(
        InputError, match=r"(?s)holds no file of a known data set; .* passed over, and why:.*changed: is"
    ):
        import_files(tmp_path)


def test_import_asks_to_unpack_zip_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.ZIP", "w") as archive:
        archive.writestr("cat/1.png", b"")
    for path in (tmp_path, tmp_path / "photos.ZIP"):
        with pytest.raises(InputError, match=r"photos.ZIP: is a .zip archive, .* Unpack it, and import the folder"):
            import_files(path)


def test_import_of_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="typo: there is no such file or folder to import"):
        import_files(tmp_path / "typo")
