import json

import numpy as np
import pytest

from rnnspec._checks import count, one_of, positive, seed_number, square
from rnnspec._files import write_atomically, write_json, write_text


@pytest.mark.parametrize(
    ("A", "dtype"),
    [
        ([[1]], np.float64),
        (np.eye(2, dtype=np.float32), np.float64),
        (np.eye(2, dtype=np.int8), np.float64),
        (np.eye(2, dtype=bool), np.float64),
        (np.eye(2, dtype=np.complex64), np.complex128),
    ],
)
def test_square_gives_double_precision(A, dtype):
    assert square(A).dtype == dtype
    assert np.array_equal(square(A), np.asarray(A))


def test_square_copies():
    A = np.eye(2)
    square(A)[0, 0] = 5
    assert A[0, 0] == 1


@pytest.mark.parametrize(
    ("A", "message"),
    [
        (1.0, r"`W` must be a square matrix, got shape \(\)$"),
        ([1.0, 2.0], r"`W` must be a square matrix, got shape \(2,\)$"),
        (np.zeros((2, 3)), r"got shape \(2, 3\)$"),
        (np.zeros((3, 2)), r"got shape \(3, 2\)$"),
        (np.zeros((4, 2)), r"got shape \(4, 2\)$"),
        (np.zeros((8, 2)), r"\(8, 2\) \(the stacked gates of LSTM weights .* choose one gate\)"),
        (np.zeros((6, 2)), r"\(6, 2\) \(the stacked gates of GRU weights"),
        (np.zeros((1, 2, 2)), r"got shape \(1, 2, 2\)$"),
        (np.zeros((0, 0)), r"`W` must have at least one row, got shape \(0, 0\)"),
        (np.zeros((3, 0)), r"got shape \(3, 0\)$"),
        ([[1.0, 2.0], [3.0]], r"`W` must be a square matrix, got rows that do not match"),
        (
            np.full((4, 4), 1e308),
            r"`W` must be small enough that its norms are finite, got an entry of 1e\+308",
        ),
        ([["a"]], r"`W` must hold numbers, got dtype <U1"),
        ([[1.0, 2.0], [np.nan, 1.0]], r"`W` must be finite, got nan at \[1, 0\] \(a training that"),
        ([[1j, np.inf], [0, 1]], r"`W` must be finite, got .*inf.* at \[0, 1\]"),
    ],
)
def test_square_says_what_is_wrong(A, message):
    with pytest.raises(ValueError, match=message):
        square(A, "W")


def test_one_of():
    assert one_of("b", "letter", iter("abc")) == "b"
    with pytest.raises(ValueError, match="`letter` must be one of a, b, c, got 'd'"):
        one_of("d", "letter", iter("abc"))


@pytest.mark.parametrize("value", [-1, 0, np.nan, np.inf, -np.inf])
def test_positive(value):
    assert positive(2.5, "tol") == 2.5
    with pytest.raises(ValueError, match="`tol` must be a finite number > 0, got "):
        positive(value, "tol")
    if value == 0:
        assert positive(value, "tol", zero=True) == 0
    else:
        with pytest.raises(ValueError, match="`tol` must be a finite number >= 0, got "):
            positive(value, "tol", zero=True)


@pytest.mark.parametrize("value", [-1, 0, 2.5, 3.0, np.nan, True, "4", None])
def test_count(value):
    assert count(1, "steps") == 1
    assert type(count(np.int8(5), "steps")) is int
    with pytest.raises(ValueError, match="`steps` must be an integer of at least 1, got "):
        count(value, "steps")


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True, "1", None])
def test_seeds(seed):
    assert seed_number(np.int8(5)) == 5
    assert seed_number(2**32 - 1) == 2**32 - 1
    with pytest.raises(ValueError, match=r"`seed` must be an integer from 0 to 2\*\*32 - 1, got"):
        seed_number(seed)


def test_a_file_is_written_whole(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": 1.5})
    write_json(path, {"x": 2.5})
    assert json.loads(path.read_text()) == {"x": 2.5}
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_has_the_permissions_of_a_plain_one(tmp_path):
    write_text(tmp_path / "atomic", "x")
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("old", [None, "old"])
def test_a_failing_write_leaves_what_was_there(tmp_path, error, old):
    path = tmp_path / "a.txt"
    if old:
        path.write_text(old)

    def write(temporary):
        temporary.write_text("ne")
        raise error

    with pytest.raises(type(error)):
        write_atomically(path, write)
    assert [p.name for p in tmp_path.iterdir()] == (["a.txt"] if old else [])
    assert not old or path.read_text() == old


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_is_strict(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": value})
    assert not list(tmp_path.iterdir())
