import io

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy import io as scipy_io
from scipy import sparse
from torch import nn

from rnnspec import Normalize, SequenceClassifier, bake, load_matrices, normalize_recurrent
from rnnspec.models.checkpoint import save_weights
from rnnspec.models.files.reading import read_contents

A = np.random.default_rng(5).standard_normal((4, 4))
B = np.arange(6.0).reshape(2, 3)


def saved(function, *arguments, **named):
    """The bytes that `function` writes to a file."""
    buffer = io.BytesIO()
    function(buffer, *arguments, **named)
    return buffer.getvalue()


def text(delimiter):
    return saved(np.savetxt, A, delimiter=delimiter, fmt="%.17g")


FILES = {
    "a.npy": saved(np.save, A),
    "one.npz": saved(np.savez, A=A),
    "two.npz": saved(np.savez_compressed, A=A, B=B, name="words", vector=np.ones(3)),
    "a.mat": saved(scipy_io.savemat, {"A": A, "label": "words"}),
    "sparse.mat": saved(scipy_io.savemat, {"A": sparse.csc_matrix(A)}),
    "a.mtx": saved(scipy_io.mmwrite, A, precision=17),
    "sparse.mtx": saved(scipy_io.mmwrite, sparse.coo_matrix(A), precision=17),
    "comma.csv": text(","),
    "blank.txt": text(" "),
    "tab.txt": text("\t"),
    "remark.csv": b"# from somewhere\n" + text(", "),
}


@pytest.mark.parametrize("name", FILES)
def test_matrix_files_come_back(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    key = "A" if path.suffix in (".npz", ".mat") else path.stem
    expected = {key: A} | ({"B": B} if name == "two.npz" else {})
    for source in (path, str(path)):
        found = load_matrices(source)
        assert list(found) == list(expected)
        for member, W in found.items():
            np.testing.assert_array_equal(W, expected[member])


@pytest.mark.parametrize("value", [2.0, 3 + 4j])
def test_one_number_and_complex_numbers(tmp_path, value):
    np.save(tmp_path / "a.npy", [[value]])
    assert load_matrices(tmp_path / "a.npy")["a"] == value
    (tmp_path / "a.csv").write_text("2\n")
    assert load_matrices(tmp_path / "a.csv")["a"].shape == (1, 1)


def middle_zeroed(content):
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


WRONG = {
    "empty": (lambda _: b"", "an empty file; expected a run directory, weights .* or a matrix"),
    "cut": (lambda content: content[: len(content) // 2], ".*(damaged or cut off|truncated) "),
    "foreign": (lambda _: b"\xff\xfe\x80 nothing of the kind", "binary data of no known kind; exp"),
}


@pytest.mark.parametrize(
    ("name", "wrong"),
    # Half a text is a text.
    [(n, w) for n in FILES for w in WRONG if w != "cut" or not n.endswith(("csv", "txt"))],
)
def test_damaged_matrix_files(tmp_path, name, wrong):
    path = tmp_path / name
    spoil, named = WRONG[wrong]
    path.write_bytes(spoil(FILES[name]))
    with pytest.raises(ValueError, match=rf"{name} is {named}"):
        load_matrices(path)


def test_an_archive_damaged_inside(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(middle_zeroed(saved(np.savez_compressed, A=np.tile(A, (9, 9)))))
    with pytest.raises(
        ValueError, match=r"a\.npz is an archive of NumPy arrays, damaged or cut off"
    ):
        load_matrices(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", saved(np.save, np.ones(3)), "must hold a two-dimensional numeric array"),
        ("a.npz", saved(np.savez, s="words"), "that holds no array of numbers; expected"),
        (
            "a.npy",
            saved(np.save, [[object()]], allow_pickle=True),
            "objects, which is never unpickled",
        ),
        ("a.csv", b"a,b\n1,2\n", "line 1 begins with 'a,b'; .*begin a line of names with #"),
        ("a.csv", b"# x\n1,2\n1,,3\n", r"a\.csv .*line 3: expected a number in .* field 2"),
        ("a.csv", b"1,2,\n3,4,\n", "line 1: .*nothing in field 3 .*a comma too many"),
        ("a.csv", b"1,2\n3\n", "line 2 has 1 columns, the lines above have 2"),
        ("a.xlsx", b"", r"an empty file; expected a run directory, weights \(PyTorch.*\.mtx"),
    ],
)
def test_files_without_a_matrix(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_matrices(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.pt", "a.safetensors", "a.unknown"])
def test_a_missing_file(tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} does not exist"):
        load_matrices(tmp_path / name)


class Trap:
    """Pickled code: unpickling it would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickled_code_is_not_called(tmp_path):
    weights = {"weight_hh_l0": torch.eye(2), "hook": Trap(tmp_path / "sprung")}
    torch.save(weights, tmp_path / "a.pt")
    assert list(read_contents(tmp_path / "a.pt").arrays) == ["weight_hh_l0"]
    assert not (tmp_path / "sprung").exists()
    torch.save({"weight_hh_l0": weights["hook"]}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"a\.pt is a PyTorch archive that holds no array"):
        read_contents(tmp_path / "a.pt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_damaged_weights(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    weights = {"weight_hh_l0": torch.eye(40)}
    if suffix == ".pt":
        torch.save(weights, path)
    else:
        save_weights(path, weights)
    content, rng = path.read_bytes(), np.random.default_rng(6)
    noise = [b"\x80\x02" * (k % 2) + rng.bytes(50 + k) for k in range(30)]
    for damaged in (b"", content[: len(content) // 2], *noise):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"a\{suffix} is .*(; expected|; copy or write)"):
            read_contents(path)


def test_a_pickled_module_is_its_state_dict(tmp_path):
    model = nn.LSTM(2, 3)
    torch.save(model, tmp_path / "a.pt")
    found = read_contents(tmp_path / "a.pt").arrays
    assert list(found) == list(model.state_dict())
    assert all(torch.equal(found[key], W) for key, W in model.state_dict().items())


@pytest.mark.parametrize(
    "name", ["last.ckpt", "best.th", "pytorch_model.bin", "a.pth.tar", "A.PT", "weights", "a.csv"]
)
def test_no_ending_says_what_a_file_is(tmp_path, name):
    model = nn.LSTM(2, 3)
    torch.save(model.state_dict(), tmp_path / name)
    assert list(read_contents(tmp_path / name).arrays) == list(model.state_dict())
    assert list(load_matrices(tmp_path / name))[-1] == "layer0.stacked"


@pytest.mark.parametrize("under", [None, "model", "state_dict"])
def test_weights_before_their_normalisation_are_refused(tmp_path, under):
    model = SequenceClassifier("lstm", 2, 3, 4, layers=2, bidirectional=True)
    normalize_recurrent(model, Normalize("norm"))
    state = model.state_dict()
    torch.save({under: state, "epoch": 3} if under else state, tmp_path / "checkpoint.pt")
    with pytest.raises(
        ValueError,
        match=r"checkpoint\.pt: .*weight before its normalisation: it was normalised during"
        r" training; use the run directory .*`rnnspec\.bake\(model\)`",
    ):
        load_matrices(tmp_path / "checkpoint.pt")


def test_weights_of_other_things(tmp_path):
    torch.save(["words", 3], tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"a\.pt is a PyTorch archive that holds no array of num"):
        read_contents(tmp_path / "a.pt")
    with pytest.raises(
        ValueError, match=r"must be a run directory with model\.safetensors.*resume"
    ):
        read_contents(tmp_path)


def test_matrices_of_weights_are_gates_and_stack(tmp_path):
    model = SequenceClassifier("gru", 2, 3, 4)
    save_weights(tmp_path / "model.safetensors", model.state_dict())
    names = ["layer0.reset", "layer0.update", "layer0.new", "layer0.stacked"]
    assert list(load_matrices(tmp_path)) == names


def test_saving_keeps_every_bit_and_leaves_one_file(tmp_path):
    weights = SequenceClassifier("lstm", 2, 3, 4).state_dict()
    weights["transposed"] = torch.arange(6.0).view(2, 3).T
    save_weights(tmp_path / "w.safetensors", weights)
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]
    found = read_contents(tmp_path / "w.safetensors").arrays
    assert set(found) == set(weights)
    assert all(torch.equal(found[key], weights[key]) for key in weights)


@pytest.mark.parametrize("quantity", ["radius", "norm"])
def test_plain_pytorch_loads_a_baked_checkpoint(tmp_path, quantity):
    model = SequenceClassifier("lstm", 2, 3, 4, layers=2, bidirectional=True)
    normalize_recurrent(model, Normalize(quantity, bound=0.5))
    model.eval()
    x = torch.randn(2, 6, 2, generator=torch.Generator().manual_seed(8))
    bake(model)
    save_weights(tmp_path / "w.safetensors", model.state_dict())
    state = load_file(tmp_path / "w.safetensors")
    plain = nn.LSTM(2, 4, 2, batch_first=True, bidirectional=True)
    plain.load_state_dict({k[10:]: v for k, v in state.items() if k.startswith("recurrent.")})
    torch.testing.assert_close(plain(x)[0], model.recurrent(x)[0], rtol=0, atol=0)
