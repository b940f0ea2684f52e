"""A web server on this machine that breaks in the ways in which servers break."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """What it serves, how it misbehaves, and what it was asked."""

    url: str = ""
    """Ends in "/"."""
    files: dict[str, bytes] = field(default_factory=dict)
    knows_ranges: bool = True
    says_length: bool = True
    break_after: list[int] = field(default_factory=list)
    """The first answers end after so many bytes, one entry each; later ones are whole."""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """(file, Range header) of every request so far."""


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Server]:
    """A server on a free port of the loopback interface."""
    server = Server(files=files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, server)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}/"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def _answer(request: BaseHTTPRequestHandler, server: Server) -> None:
    name, asked_range = request.path.lstrip("/"), request.headers.get("Range")
    server.requests.append((name, asked_range))
    if name not in server.files:
        request.send_error(404)
        return
    content, start = server.files[name], 0
    if asked_range is not None and server.knows_ranges:
        start = int(asked_range.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            request.send_error(416)
            return
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    else:
        request.send_response(200)
    if server.says_length:
        request.send_header("Content-Length", str(len(content) - start))
    request.end_headers()
    body = content[start:]
    request.wfile.write(body[: server.break_after.pop(0)] if server.break_after else body)
