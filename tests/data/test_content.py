import gzip
import hashlib
from pathlib import Path

import pytest

from trainlab.data.content import content_digest
from trainlab.errors import InputError


def test_the_digest_is_that_of_the_content_however_it_is_packed(tmp_path: Path) -> None:
    content = bytes(range(256)) * 2000
    for number, stored in enumerate([content, gzip.compress(content, 1), gzip.compress(content, 9)]):
        path = tmp_path / str(number)
        path.write_bytes(stored)
        assert content_digest(path) == hashlib.sha256(content).hexdigest()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing-here: there is no such file"):
        content_digest(tmp_path / "nothing-here")
