"""One file over HTTP: mirrors in turn, broken transfers continued, nothing trusted before its digest is right."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trainlab.atomic import cannot_write, publish
from trainlab.data.content import content_digest
from trainlab.errors import InputError, RunFailed
from trainlab.lock import locked

if TYPE_CHECKING:
    from http.client import HTTPResponse

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes that there will be (None when the server does not say)."""

_CHUNK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 30.0  # without a single byte
_IDLE_ATTEMPTS = 2  # a mirror is given up after so many in a row that brought nothing new
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416  # HTTP status codes


class _BrokenTransferError(Exception):
    """The connection ended early; what has arrived is kept."""


class _UnusableMirrorError(Exception):
    """Asking this mirror again would not help."""


def download(
    urls: str | Sequence[str],
    destination: Path,
    sha256: str,
    progress: Progress | None = None,
    timeout: float = _TIMEOUT_SECONDS,
    digest: Callable[[Path], str] = content_digest,
) -> Path:
    """Fetch a file from the first mirror that delivers it whole; returns ``destination``.

    Bytes arrive in ``destination`` + ".part". A transfer that breaks is continued where it stopped, by this call or
    by a later one, when the server knows HTTP ranges; otherwise it starts again. Only a file whose content has the
    right digest is flushed to disk and renamed. One process at a time works in a folder; a second one waits, finds
    the file there and fetches nothing.

    Arguments:
        urls: addresses of the same content, best first.
        destination: where the file shall lie; a file there with the right content is kept, any other is replaced.
        sha256: in hexadecimal, of what ``digest`` looks at.
        progress: told how far the transfer is, some sixteen times a MB.
        timeout: seconds without a byte after which the connection counts as broken.
        digest: computes the SHA-256 of a file; by default that of its content with gzip undone.

    Raises:
        RunFailed: no mirror delivered it; the message lists each with its reason.
        InputError: ``destination`` cannot be written.
    """
    mirrors = [urls] if isinstance(urls, str) else list(urls)
    part = destination.with_name(destination.name + ".part")
    with locked(destination.parent / ".lock"):
        if destination.is_file() and _problem(destination, sha256, digest) is None:
            return destination
        reasons = []
        for url in mirrors:
            try:
                _fetch(url, part, partial(_problem, sha256=sha256, digest=digest), progress, timeout)
                publish(part, destination)
            except _UnusableMirrorError as failure:
                reasons.append(f"  {url}: {failure}")
            except OSError as error:
                raise cannot_write(destination, error) from error
            else:
                return destination
    raise RunFailed(
        f"{destination.name} could not be downloaded; no mirror delivered it:\n"
        + "\n".join(reasons)
        + f"\nCheck the network, or fetch the file elsewhere and put it at {destination}."
    )


def _fetch(
    url: str, part: Path, problem_of: Callable[[Path], str | None], progress: Progress | None, timeout: float
) -> None:
    """Bring ``part`` to the right content, or raise _UnusableMirrorError; OSError means that the disk refused."""
    idle_attempts, reason = 0, ""
    while idle_attempts < _IDLE_ATTEMPTS:
        offset = part.stat().st_size if part.exists() else 0
        try:
            resumed = _transfer(url, part, offset, progress, timeout)
        except _BrokenTransferError as broken:
            reason = str(broken)
            got_further = part.exists() and part.stat().st_size > offset
            idle_attempts = 0 if got_further else idle_attempts + 1
            continue
        problem = problem_of(part)
        if problem is None:
            return
        part.unlink()
        if not resumed:
            raise _UnusableMirrorError(problem)
        idle_attempts += 1  # the earlier bytes may have been another mirror's: once more from the start
    raise _UnusableMirrorError(reason)


def _transfer(url: str, part: Path, offset: int, progress: Progress | None, timeout: float) -> bool:
    """Append what is missing to ``part``; True when bytes from an earlier transfer are in it."""
    import urllib.error  # here, because it takes 20 ms and most runs download nothing
    import urllib.request
    from http.client import HTTPException

    try:
        request = urllib.request.Request(url, headers={"User-Agent": "trainlab", "Accept-Encoding": "identity"})
        if offset:
            request.add_header("Range", f"bytes={offset}-")
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and offset:
            return True  # nothing is missing: the digest will tell
        raise _UnusableMirrorError(f"the server answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise _UnusableMirrorError(f"no connection ({error.reason})") from None
    except (OSError, HTTPException) as error:
        raise _BrokenTransferError(f"the connection broke ({_name(error)})") from None
    except ValueError as error:
        raise _UnusableMirrorError(f"not a usable address ({error})") from None
    with response:
        resumed: bool = response.status == _PARTIAL_CONTENT
        if resumed and not _starts_at(response, offset):
            part.unlink()
            raise _BrokenTransferError("the server sent another range than the one asked for")
        arrived = offset if resumed else 0
        length = response.headers.get("Content-Length", "")
        total = arrived + int(length) if length.isdigit() else None
        with part.open("ab" if resumed else "wb") as file:
            arrived = _receive(response, file, arrived, total, progress)
    if total is not None and arrived < total:
        raise _BrokenTransferError(f"the transfer broke after {arrived:,} of {total:,} bytes")
    return resumed


def _receive(
    response: "HTTPResponse", file: BinaryIO, arrived: int, total: int | None, progress: Progress | None
) -> int:
    """Copy the response to the file; returns how many bytes the file has."""
    from http.client import HTTPException

    while True:
        try:
            chunk = response.read(_CHUNK_BYTES)
        except (OSError, HTTPException) as error:
            raise _BrokenTransferError(f"the transfer broke after {arrived:,} bytes ({_name(error)})") from None
        if not chunk:
            return arrived
        file.write(chunk)
        arrived += len(chunk)
        if progress is not None:
            progress(arrived, total)


def _starts_at(response: "HTTPResponse", offset: int) -> bool:
    """True when the answer holds the bytes from ``offset`` on."""
    content_range = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return content_range is not None and int(content_range[1]) == offset


def _problem(path: Path, sha256: str, digest: Callable[[Path], str]) -> str | None:
    """Why the file is not the wanted one, or None."""
    try:
        found = digest(path)
    except InputError as error:
        return f"it delivered something else: {error}"
    return None if found == sha256 else f"it delivered something else: SHA-256 {found}, expected {sha256}"


def _name(error: Exception) -> str:
    return str(error) or type(error).__name__
