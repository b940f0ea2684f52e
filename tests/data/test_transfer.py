import gzip
import hashlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.data.server import Server, serving
from trainlab.data.transfer import download
from trainlab.errors import InputError, RunFailed

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving({"file": CONTENT}) as running:
        yield running


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file"


def dead_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{reserved.getsockname()[1]}/file"


def test_a_file_arrives_whole_and_leaves_nothing_else(server: Server, destination: Path) -> None:
    assert download(server.url + "file", destination, DIGEST) == destination
    assert destination.read_bytes() == CONTENT
    assert {path.name for path in destination.parent.iterdir()} == {"file", ".lock"}


def test_a_file_that_is_already_there_is_not_fetched(server: Server, destination: Path) -> None:
    download(server.url + "file", destination, DIGEST)
    download(server.url + "file", destination, DIGEST)
    assert len(server.requests) == 1


def test_a_damaged_file_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(CONTENT[:1000])
    download(server.url + "file", destination, DIGEST)
    assert destination.read_bytes() == CONTENT


def test_the_digest_is_that_of_the_unpacked_content(server: Server, destination: Path) -> None:
    server.files["file"] = gzip.compress(CONTENT)
    download(server.url + "file", destination, DIGEST)
    assert gzip.decompress(destination.read_bytes()) == CONTENT


def test_progress_is_told_up_to_the_end(server: Server, destination: Path) -> None:
    told: list[tuple[int, int | None]] = []
    download(server.url + "file", destination, DIGEST, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_progress_knows_no_total_when_the_server_gives_none(server: Server, destination: Path) -> None:
    server.says_length = False
    told: list[tuple[int, int | None]] = []
    download(server.url + "file", destination, DIGEST, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CONTENT), None)


def test_a_broken_transfer_goes_on_where_it_stopped(server: Server, destination: Path) -> None:
    server.break_after = [100_000, 50_000]
    told: list[tuple[int, int | None]] = []
    download(server.url + "file", destination, DIGEST, lambda done, total: told.append((done, total)))
    assert destination.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=100000-", "bytes=150000-"]
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_later_call_goes_on_with_what_an_earlier_one_left(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.with_name("file.part").write_bytes(CONTENT[:123])
    download(server.url + "file", destination, DIGEST)
    assert destination.read_bytes() == CONTENT
    assert server.requests == [("file", "bytes=123-")]


def test_a_server_without_ranges_is_asked_from_the_start(server: Server, destination: Path) -> None:
    server.knows_ranges = False
    server.break_after = [100_000]
    download(server.url + "file", destination, DIGEST)
    assert destination.read_bytes() == CONTENT


def test_a_whole_part_left_by_a_killed_process_is_taken(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.with_name("file.part").write_bytes(CONTENT)
    download(server.url + "file", destination, DIGEST)
    assert destination.read_bytes() == CONTENT


def test_a_part_of_something_else_is_thrown_away(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.with_name("file.part").write_bytes(bytes(500))
    download(server.url + "file", destination, DIGEST)
    assert destination.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["bytes=500-", None]


def test_a_mirror_that_stops_delivering_is_given_up(server: Server, destination: Path) -> None:
    server.break_after = [10] + [0] * 20
    with pytest.raises(RunFailed, match=r"the transfer broke after 10 of 300,000 bytes"):
        download(server.url + "file", destination, DIGEST)
    assert destination.with_name("file.part").read_bytes() == CONTENT[:10]
    assert len(server.requests) == 3


def test_the_next_mirror_is_asked_when_one_fails(server: Server, destination: Path) -> None:
    download([dead_url(), server.url + "gone", server.url + "file"], destination, DIGEST)
    assert destination.read_bytes() == CONTENT


def test_a_mirror_with_other_content_is_passed_over(server: Server, destination: Path) -> None:
    server.files["other"] = b"<html>not here any more</html>"
    download([server.url + "other", server.url + "file"], destination, DIGEST)
    assert destination.read_bytes() == CONTENT


def test_wrong_content_never_gets_the_files_name(server: Server, destination: Path) -> None:
    server.files["file"] = CONTENT[:-1] + b"x"
    with pytest.raises(RunFailed, match=f"it delivered something else: SHA-256 [0-9a-f]{{64}}, expected {DIGEST}"):
        download(server.url + "file", destination, DIGEST)
    assert {path.name for path in destination.parent.iterdir()} == {".lock"}


def test_damaged_gzip_data_are_not_accepted(server: Server, destination: Path) -> None:
    server.files["file"] = gzip.compress(CONTENT)[:-5]
    with pytest.raises(RunFailed, match=r"it delivered something else: .* gzip data end too early"):
        download(server.url + "file", destination, DIGEST)


def test_without_network_every_mirror_is_listed_with_its_reason(server: Server, destination: Path) -> None:
    dead, gone = dead_url(), server.url + "gone"
    with pytest.raises(RunFailed) as failure:
        download([dead, gone, "no-address"], destination, DIGEST)
    message = str(failure.value)
    assert re.search(rf"{dead}: no connection \(.*refused", message)
    assert f"{gone}: the server answered 404 Not Found" in message
    assert "no-address: not a usable address" in message
    assert f"fetch the file elsewhere and put it at {destination}" in message


def test_a_server_that_falls_silent_counts_as_broken(destination: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(RunFailed, match=r"the connection broke \(timed out\)"):
            download(url, destination, DIGEST, timeout=0.05)


def test_a_folder_that_cannot_be_made_is_reported(server: Server, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(InputError, match="cannot be written"):
        download(server.url + "file", tmp_path / "taken" / "file", DIGEST)
    assert server.requests == []


def test_a_destination_that_cannot_be_replaced_is_reported(server: Server, destination: Path) -> None:
    (destination / "something").mkdir(parents=True)
    with pytest.raises(InputError, match="file: cannot be written"):
        download(server.url + "file", destination, DIGEST)


def test_of_two_processes_at_once_one_fetches(server: Server, destination: Path) -> None:
    program = "import sys, pathlib; from trainlab.data.transfer import download; "
    program += "download(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3])"
    command = [sys.executable, "-c", program, server.url + "file", str(destination), DIGEST]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert destination.read_bytes() == CONTENT
    assert len(server.requests) == 1
