import pickle
import pickletools
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.data.cifar_files import python2_pickle, python_batch, small_rows
from trainlab.data import plain_pickle
from trainlab.data.plain_pickle import read_plain_pickle
from trainlab.errors import InputError

PATH = Path("data_batch_1")


def test_a_batch_as_python_2_wrote_it_is_read() -> None:
    rows = small_rows(3)
    batch = read_plain_pickle(python_batch(rows), PATH)
    assert batch["batch_label"] == "training batch 1 of 5"
    assert batch["labels"] == rows[:, 0].tolist()
    np.testing.assert_array_equal(batch["data"], rows[:, 1:])
    assert batch["data"].dtype == np.uint8


def test_the_tests_own_files_use_the_operations_of_the_published_ones() -> None:
    used = {operation.name for operation, _, _ in pickletools.genops(python_batch(small_rows(1)))}
    assert {"PROTO", "SHORT_BINSTRING", "BINSTRING", "GLOBAL", "REDUCE", "BUILD"} <= used


def test_an_array_in_the_order_of_columns_keeps_its_meaning() -> None:
    array = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    content = pickle.dumps({"data": array}, protocol=3)
    np.testing.assert_array_equal(read_plain_pickle(content, PATH)["data"], array)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_of_any_protocol_are_read(protocol: int) -> None:
    content = {"labels": [1, 2, 300], "names": ("a", None, 1.5)}
    assert read_plain_pickle(pickle.dumps(content, protocol), PATH) == content


class Attack:
    def __init__(self, function: object, argument: object) -> None:
        self.function, self.argument = function, argument

    def __reduce__(self) -> tuple[object, tuple[object]]:
        return self.function, (self.argument,)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_that_calls_something_is_refused_by_name_and_not_executed(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    content = pickle.dumps({"data": Attack(eval, f"open({str(trace)!r}, 'w')")}, protocol)
    pickle.loads(content)["data"].close()
    assert trace.exists(), "the attack works where nobody stops it"
    trace.unlink()
    with pytest.raises(InputError, match=r"data_batch_1: this pickle asks for (__builtin__|builtins)\.eval"):
        read_plain_pickle(content, PATH)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("os.system", b"cos\nsystem\n(S'exit 1'\ntR."),
        ("os.system", b"(S'exit 1'\nios\nsystem\n."),  # INST
        ("os.system", b"(cos\nsystem\nS'exit 1'\no."),  # OBJ
        ("posix.system", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04exit\x85R."),
        ("numpy.ndarray.tofile", b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93."),
        ("numpy.load", b"cnumpy\nload\n."),
        ("numpy.core.multiarray.scalar", b"cnumpy.core.multiarray\nscalar\n."),
        ("_codecs.encode", b"c_codecs\nencode\n."),
        ("copy_reg._reconstructor", b"ccopy_reg\n_reconstructor\n."),
        ("the persistent object id", b"Pid\n."),
    ],
)
def test_every_name_but_those_of_byte_arrays_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(InputError, match=rf"asks for {name}, which the published files do not; nothing was executed"):
        read_plain_pickle(content, PATH)


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n\x85R"
UINT8 = b"cnumpy\ndtype\nU\x02u1\x85R"


def doubled(levels: int) -> bytes:
    """Lists of one thing twice, that many levels deep; the memo makes it cost ten bytes a level."""
    return b"K\x01" + b"".join(b"q%c0](h%ch%ce" % (level, level, level) for level in range(levels))


def tuples(levels: int) -> bytes:
    return b"K\x01" + b"".join(b"q%ch%c\x86" % (level, level) for level in range(levels))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"cnumpy\ndtype\n](K\x01K\x01e\x85R.", "an array of no known type"),
        (b"cnumpy\ndtype\n" + tuples(60) + b"\x85R.", "an array of no known type"),
        (doubled(60) + b".", "the operation POP, which the published files do not"),
        (b"}" + tuples(60) + b"K\x01s.", "keys that are no strings"),
        (ARRAY + b"(K\x01" + tuples(60) + UINT8 + b"\x89U\x00tb.", "an array of no possible shape with 0 bytes"),
        (ARRAY + b"(K\x01K\x01\x85" + UINT8 + b"\x89\x8a\x05\0\0\0\0\x7ftb.", "an array without bytes"),
        (b"(" + UINT8 + b"\x8c\x01at\x85Pid\n.", "the persistent object id"),
        (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "expected 1099511627776 bytes in a bytearray8"),
        (
            b"\x8e" + struct.pack("<Q", 99) + bytes(99) + b"q\0" + UINT8 + b"q\1"
            + (ARRAY + b"(K\x01Kc\x85h\1\x89h\0tb") * 50 + b".",
            "more bytes in its arrays than in the pickle",
        ),
    ],
)  # fmt: skip
def test_a_few_bytes_cannot_ask_for_much_memory_or_time(content: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_plain_pickle(b"\x80\x04" + content, PATH)


def test_the_number_of_operations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_pickle, "_MOST_OPERATIONS", 1000)
    with pytest.raises(InputError, match="more than 1,000 operations"):
        read_plain_pickle(b"\x80\x02" + b"N" * 1000 + b".", PATH)


def test_a_high_place_in_the_memo_costs_nothing() -> None:
    content = b"\x80\x02K\x07r" + struct.pack("<I", 0xFFFFFFF0) + b"."
    assert read_plain_pickle(content, PATH) == 7


def test_a_foreign_name_is_quoted_and_cut_off() -> None:
    with pytest.raises(InputError) as refusal:
        read_plain_pickle(b"\x80\x02c" + b"m" * 5000 + b"\nname\n.", PATH)
    assert f"asks for '{'m' * 80}'…, which" in str(refusal.value)
    with pytest.raises(InputError) as refusal:
        read_plain_pickle(b"\x80\x02c\x1b[2Jevil\nname\n.", PATH)
    assert r"asks for '\x1b[2Jevil.name', which" in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged, cut off or another's"),
        (b"\x80\x02}(", "damaged, cut off"),
        (python_batch(small_rows(2))[:-40], "damaged, cut off"),
        (python2_pickle({"data": np.zeros((1, 2), np.float64)}), "an array of f8; expected uint8"),
        (pickle.dumps({"data": np.array([[None]])}, 3), "an array of O8; expected uint8"),
        (pickle.dumps({1: 2}), "keys that are no strings"),
        (python2_pickle({"data": np.zeros((2, 2), np.uint8)}).replace(b"K\x02K\x02\x86", b"K\x03K\x02\x86"), r"shape"),
        (b"\x80\x02cnumpy\nndarray\n)R}b.", "damaged, cut off"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nK\x01\x85R.", "an array of no known kind"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n\x85R.", "an array without its bytes"),
    ],
)
def test_damaged_pickles_and_other_arrays_are_one_clear_error(content: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_plain_pickle(content, PATH)
