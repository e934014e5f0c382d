"""Matrices as NumPy, MATLAB, Matrix Market and spreadsheets write them."""

import gzip
import lzma
import pickle
import struct
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save as safetensors_of
from scipy import io as scipy_io
from scipy import sparse

from rnnspec.models.files.reading import read_contents

A = np.random.default_rng(5).standard_normal((3, 3))
Z = A * (1 - 0.5j)


@pytest.fixture
def read(tmp_path):
    def reading(content, name="stem.any"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_contents(tmp_path / name)

    return reading


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (A, A),
        (Z, Z),
        (np.asfortranarray(A[:, :2]), A[:, :2]),
        (A.astype(">f8"), A),
        (A.astype(np.float16), A.astype(np.float16)),
        (A > 0, (A > 0).astype(float)),
        (np.arange(4), np.arange(4)),
        (np.float64(2), np.array(2.0)),
        (np.empty((0, 3)), np.empty((0, 3))),
    ],
    ids=["real", "complex", "columns", "big-endian", "half", "bool", "integer", "number", "empty"],
)
def test_numpy_arrays(read, saved, same, array, expected):
    assert same(read(saved(np.save, array)).arrays, {"stem": expected})
    assert same(read(saved(np.savez, a=array, b=A)).arrays, {"a": expected, "b": A})
    assert same(read(saved(np.savez_compressed, array)).arrays, {"arr_0": expected})


def test_what_an_npz_holds_beside_numbers(read, saved, same):
    objects, records = np.array([{}], dtype=object), np.zeros(2, [("a", float)])
    contents = read(saved(np.savez, A=A, o=objects, r=records, s="words"))
    assert same(contents.arrays, {"A": A})
    assert contents.left_out == (
        "o: an array of Python objects, which is never unpickled: numpy.save its numbers by"
        " array.astype(float), those of a dict by numpy.savez",
        "r: an array with entries of type [('a', '<f8')], no numbers",
    )


def test_an_array_behind_an_array_is_named(read, saved, same):
    contents = read(saved(np.save, A) + saved(np.save, A + 1))
    assert same(contents.arrays, {"stem": A})
    assert contents.left_out == ("stem: 200 bytes that follow the first array",)
    with pytest.raises(ValueError, match="a NumPy array, damaged .*follow the array"):
        read(saved(np.save, A) + b"anything")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions_of_the_numpy_format(read, saved, same, version):
    content = saved(np.lib.format.write_array, A, version=version)
    assert same(read(content).arrays, {"stem": A})
    with pytest.raises(ValueError, match=r"a NumPy array, damaged .*version \(9, 0\)|magic"):
        read(content[:6] + b"\x09" + content[7:])


def test_members_of_an_npz_that_are_no_arrays(read, saved, same, zip_of):
    array = saved(np.save, A)
    contents = read(zip_of({"A.npy": array, "notes.txt": b"of today"}))
    assert same(contents.arrays, {"A": A})
    assert contents.left_out == ("notes.txt: no array",)
    with pytest.raises(ValueError, match="damaged or cut off .bytes follow the array A"):
        read(zip_of({"A.npy": array + b"more"}))


def test_text_with_binary_data_far_behind(read):
    with pytest.raises(ValueError, match="stem.any is text with binary data in it; expected"):
        read(b"1 2\n" * 2000 + bytes(4))


@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "dia", "bsr"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_sparse_archives(read, saved, same, layout, kind):
    stored = getattr(sparse, f"{layout}_{kind}")
    assert same(read(saved(sparse.save_npz, stored(A))).arrays, {"stem": A})
    large = stored(sparse.eye(20_000, format="csr"))
    with pytest.raises(ValueError, match=r"shape \(20000, 20000\) with only"):
        read(saved(sparse.save_npz, large))


@pytest.mark.parametrize("layout", ["csr", "csc", "bsr", "coo"])
def test_sparse_archives_with_wrong_indices(read, saved, layout):
    """Upon which scipy's own conversion writes beyond its memory."""
    stored = getattr(sparse, f"{layout}_array")(A)
    (stored.indices if layout != "coo" else stored.coords[0])[0] = 10**6
    with pytest.raises(ValueError, match="an archive of NumPy arrays, damaged or cut off"):
        read(saved(sparse.save_npz, stored))


TEXTS = {
    "commas": "0.5,3\n-1,0.25\n",
    "blanks": "  0.5   3 \n\n-1 0.25",
    "tabs": "0.5\t3\n-1\t0.25\t\n",
    "semicolons": "0.5;3\r\n-1; 2.5e-1\r\n",
    "old line ends": "0.5 3\r-1 0.25\r",
    "remarks": "% from MATLAB\n# caf\xe9 \x85 more\n.5,3 # here\n-1,.25\n",
    "byte-order mark": "\ufeff0.5,3\n-1,0.25\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("name", TEXTS)
def test_texts(read, same, name, encoding):
    if name == "byte-order mark" and encoding != "utf-8":
        return  # the others have none, or have it already
    contents = read(TEXTS[name].encode(encoding))
    assert contents.kind == "text"
    assert same(contents.arrays, {"stem": np.array([[0.5, 3], [-1, 0.25]])})


@pytest.mark.parametrize("delimiter", [" ", ",", ";", "\t"])
@pytest.mark.parametrize("array", [A, Z, Z.conj(), 1j * A, A + 0j], ids="rzcij")
def test_texts_that_numpy_writes(read, saved, same, array, delimiter):
    content = saved(np.savetxt, array, delimiter=delimiter, fmt="%.17g")
    assert same(read(content).arrays, {"stem": array})


@pytest.mark.parametrize(
    "text",
    [
        "1+2j -1j\n0 3",
        "(1+2j),(-1j)\n0,3",
        "1+2i,-1i\n0,3",
        "1+2J;-1I\n0;3",
        "1e0+2e0j -0-1j\n0j 3",
    ],
)
def test_complex_texts(read, text):
    if "I" in text:
        with pytest.raises(ValueError, match="expected a number in each field, got '-1I' in field"):
            read(text)
        return
    found = read(text).arrays["stem"]
    np.testing.assert_array_equal(found, [[1 + 2j, -1j], [0, 3]])


def test_texts_of_truth_values_and_spaced_complex_numbers(read):
    np.testing.assert_array_equal(read("True,False\nfalse,TRUE\n").arrays["stem"], np.eye(2))
    found = read("1 + 2i, 3 - 4j\n0, 1e-3 - 1i\n").arrays["stem"]
    np.testing.assert_array_equal(found, [[1 + 2j, 3 - 4j], [0, 1e-3 - 1j]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,2\n1,,3\n",
            r"line 2: expected a number in .* nothing in field 2 \(a missing value, or",
        ),
        ("1,2,\n3,4,\n", "line 1: .*nothing in field 3 .*a comma too many"),
        ("1\t2\n\t\n3\t\t4\n", "line 3: .*nothing in field 2 .*a tab too many"),
        ("1;2\n3;\n", "line 2: .*nothing in field 2 .*a semicolon too many"),
        ("1,2\n3\n", "line 2 has 1 columns, the lines above have 2"),
        (
            "1,x\n",
            r"line 1: .*got 'x' in field 2 \(write plain numbers, for example -1.5e-3 or 1\+2j",
        ),
        ("1,2\na,b\n", r"line 2: .*got 'a' in field 1 \(names of the columns\? begin their line"),
        ("a,1,2\nb,3,4\n", r"line 1: .*got 'a' in field 1 \(names of the rows\? take their column"),
        (",0,1\n0,3,4\n", "line 1: .*nothing in field 1 .*names of the columns: begin their line"),
        ("0,5\t1,5\n", r"line 1: .*field 2 \(decimal commas, .*\? write decimal points"),
        ('"0.5","1"\n', r"line 1: .*field 1 \(numbers in quotes\? write them without"),
        ("1,\u22122\n", "line 1: .*field 2 .write plain numbers"),
        ("1_0 2\n", "line 1: .*got '1_0' in field 1"),
        (
            "0,5;1\n",
            r"commas and semicolons, from line 1 \(decimal commas\? write decimal points\)",
        ),
        ("0,5 1,5\n", "line 1: .*got '5 1' in field 2"),
        ("50%,20%\n", "line 1: .*got '50%' in field 1"),
        ("1 2 \x00\n", "text with binary data|binary data of no known kind"),
        ("# " + 5000 * "x" + "\n# y\n", "nothing but remarks"),
    ],
)
def test_faults_of_texts_have_line_and_field(read, text, message):
    with pytest.raises(ValueError, match=rf"stem\.any is .*{message}"):
        read(text)


@pytest.mark.parametrize("version", ["4", "5"])
@pytest.mark.parametrize("compressed", [False, True])
def test_matlab(read, saved, same, version, compressed):
    values = {"Ts": 0.1, "A": A, "Z": Z, "words": "text", "S": sparse.csc_matrix(A)}
    contents = read(saved(scipy_io.savemat, values, format=version, do_compression=compressed))
    expected = {"Ts": np.array([[0.1]]), "A": A, "Z": Z, "S": A}
    assert (contents.kind, contents.left_out) == ("mat", ())
    assert same(contents.arrays, expected)


def test_structs_and_cells_of_matlab(read, saved, same):
    cell = np.array([A, "text", 2 * A, None], dtype=object)[:3]
    system = {"A": A, "name": "loop", "inner": {"B": Z}, "cell": cell}
    several = np.array([(A,), (3 * A,)], dtype=[("W", object)])
    contents = read(saved(scipy_io.savemat, {"system": system, "several": several}))
    expected = {
        "system.A": A, "system.inner.B": Z, "system.cell.0": A, "system.cell.2": 2 * A,
        "several.0.W": A, "several.1.W": 3 * A,
    }  # fmt: skip
    assert same(contents.arrays, expected)


def test_objects_and_flags_of_matlab(read, saved, same):
    content = bytearray(
        saved(scipy_io.savemat, {"A": A, "flag": A > 0, "n": np.int16([[3]]), "f": A})
    )
    at = content.rindex(b"\x06\x00\x00\x00\x08\x00\x00\x00")  # the flags of the last one
    content[at + 8] = 16  # a function
    contents = read(bytes(content))
    assert same(contents.arrays, {"A": A, "flag": (A > 0).astype(float), "n": np.int16([[3]])})
    assert contents.left_out == ("f: a function or an object of MATLAB, no array of numbers",)


def test_a_big_endian_file_of_matlab(read, same):
    """As a machine writes it whose highest byte comes first."""
    values = np.array([[1.5, -2.0]])
    parts = struct.pack(">4I", 6, 8, 6, 0) + struct.pack(">2I2i", 5, 8, 1, 2)
    parts += (
        struct.pack(">2H4s", 1, 1, b"A")
        + struct.pack(">2I", 9, 16)
        + values.astype(">f8").tobytes()
    )
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    assert same(read(head + struct.pack(">2I", 14, len(parts)) + parts).arrays, {"A": values})


def fill(file):
    import h5py

    def put(group, name, value, kind="double"):
        group[name] = value
        group[name].attrs["MATLAB_class"] = np.bytes_(kind)

    put(file, "A", A.T)
    put(file, "flag", (A > 0).T.astype("u1"), "logical")
    put(file, "words", np.array([[65], [66]], "u2"), "char")
    put(file, "none", np.array([0, 3], "u8"))
    file["none"].attrs["MATLAB_empty"] = np.uint8(1)
    put(file, "Z", Z.T.copy().view([("real", "f8"), ("imag", "f8")]))
    file.create_group("s").attrs["MATLAB_class"] = np.bytes_("struct")
    put(file["s"], "B", A[:2].T)
    hidden = file.create_group("#refs#")
    put(hidden, "a", A.T)
    put(hidden, "b", 2 * A.T)
    cells = np.array([[hidden["a"].ref], [hidden["b"].ref]], dtype=h5py.ref_dtype)
    file.create_dataset("c", data=cells, dtype=h5py.ref_dtype)
    stored = sparse.csc_matrix(A)
    for name, S in (("S", stored), ("zero", sparse.csc_matrix((3, 2)))):
        group = file.create_group(name)
        group.attrs["MATLAB_sparse"] = np.uint64(S.shape[0])
        group["jc"] = S.indptr.astype("u8")
        if S.nnz:
            group["data"], group["ir"] = S.data, S.indices.astype("u8")
    file["records"] = np.zeros(2, [("a", "f8"), ("b", "i4")])
    file["circle"] = file["/"]
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/A")
    file.create_dataset("huge", (10**6, 10**6), "f8", chunks=(100, 100))


def test_matlab_73(read, mat73_of, same):
    contents = read(mat73_of(fill), "stem.mat")
    expected = {
        "A": A, "flag": (A > 0).astype(float), "none": np.empty((0, 3)), "Z": Z, "s.B": A[:2],
        "c.0": A, "c.1": 2 * A, "S": A, "zero": np.zeros((3, 2)),
    }  # fmt: skip
    found = {key: value for key, value in contents.arrays.items() if "circle" not in key}
    assert contents.kind == "mat"
    assert same(found, expected)
    assert any(text.startswith("records: an array with entr") for text in contents.left_out)
    assert "huge: shape (1000000, 1000000) with only 0 numbers behind it" in contents.left_out


def test_matlab_73_without_h5py(read, mat73_of, monkeypatch):
    content = mat73_of(fill)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"read by h5py: pip install 'rnnspec\[keras\]' \(or save"):
        read(content)


@pytest.mark.parametrize("kind", ["array", "coo_array"])
@pytest.mark.parametrize("symmetry", ["general", "symmetric", "skew-symmetric", "hermitian"])
def test_matrix_market(read, saved, same, kind, symmetry):
    M = {
        "general": Z[:, :2],
        "symmetric": A + A.T,
        "skew-symmetric": A - A.T,
        "hermitian": Z + Z.conj().T,
    }[symmetry]
    stored = M if kind == "array" else sparse.coo_array(M)
    content = saved(scipy_io.mmwrite, stored, symmetry=symmetry, precision=17)
    assert same(read(content).arrays, {"stem": M})


def test_matrix_market_patterns_and_places_named_twice(read):
    head = "%%MatrixMarket matrix coordinate"
    found = read(f"{head} pattern general\n% remark\n2 3 2\n1 1\n2 3\n").arrays["stem"]
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 0, 1]])
    found = read(f"{head} real general\n2 2 3\n1 1 1.5\n1 1 2\n2 2 1\n").arrays["stem"]
    np.testing.assert_array_equal(found, [[3.5, 0], [0, 1]])


def test_matrix_market_of_integers_without_sign_and_of_unknown_kinds(read, saved):
    U = np.array([[3, 0], [1, 2**40]], dtype=np.uint64)
    content = saved(scipy_io.mmwrite, sparse.coo_matrix(U))
    assert b"unsigned-integer" in content
    np.testing.assert_array_equal(read(content).arrays["stem"], U)
    for head in ("vector coordinate real general", "matrix array pattern general"):
        with pytest.raises(ValueError, match=f"of no known kind of matrix: .*{head}"):
            read(f"%%MatrixMarket {head}\n2 2\n")


@pytest.mark.parametrize(
    "body",
    [
        "pattern-real general\n2 2 1\n1 1\n",
        "real general\n2 2 1\n0 1 1.0\n", "real general\n2 2 1\n1.5 1 1.0\n",
        "real symmetric\n2 2 1\n1 2 1.0\n", "real general\n2 2 2\n1 1 1.0\n",
        "quaternion general\n2 2 1\n1 1 1\n", "real oblique\n2 2 1\n1 1 1\n", "real general\n",
    ],
)  # fmt: skip
def test_matrix_market_faults(read, body):
    with pytest.raises(ValueError, match="stem.any is a Matrix Market file"):
        read(f"%%MatrixMarket matrix coordinate {body}")


def test_safetensors(read, same):
    state = {
        "b": torch.ones(3, dtype=torch.bfloat16), "a": torch.arange(6.0).reshape(2, 3),
        "z": torch.tensor([1j]), "flag": torch.tensor([True]), "empty": torch.empty(0, 2),
        "n": torch.tensor(3), "odd": torch.tensor([1, 2, 3], dtype=torch.uint8),
    }  # fmt: skip
    contents = read(safetensors_of(state | {"f": torch.ones(2).to(torch.float8_e5m2)}))
    assert same(contents.arrays, state)
    assert contents.arrays["b"].dtype == torch.bfloat16
    assert contents.left_out == ("f: numbers of type F8_E5M2, which are not read",)


def test_archives_of_one_file(read, saved, same, tar_of, zip_of):
    array = saved(np.save, A)
    apple = {"__MACOSX/._inner.npy": b"\x00\x05\x16\x07", "m/._inner.npy": b"\x00\x05\x16\x07"}
    for content, name, key in (
        (gzip.compress(array), "a.npy.gz", "a"),
        (lzma.compress(array), "a.npy.xz", "a"),
        (tar_of({"m/inner.npy": array}), "any", "inner"),
        (zip_of({"m/inner.csv": b"1 2", **apple}), "any", "inner"),
        (gzip.compress(gzip.compress(tar_of({"inner": array}))), "any", "inner"),
    ):
        expected = np.array([[1.0, 2]]) if b"inner.csv" in content else A
        contents = read(content, name)
        assert same(contents.arrays, {key: expected}), name
        assert contents.left_out == ()


def test_other_files_of_an_archive_are_named(read, saved, same, tar_of):
    files = {
        "a/weights": saved(np.save, A),
        "a/numbers.txt": b"1 2",
        "a/meta.pkl": pickle.dumps([1]),
    }
    contents = read(tar_of(files))
    assert same(contents.arrays, {"weights": A})
    assert contents.left_out == (
        "numbers.txt: another file of the archive",
        "meta.pkl: another file of the archive",
    )


def test_errors_name_the_archive_and_the_file_in_it(read, zip_of):
    with pytest.raises(ValueError, match=r"stem\.any, in it a\.pdf is a PDF document; expected"):
        read(zip_of({"x/a.pdf": b"%PDF-1.4"}))
    with pytest.raises(
        ValueError, match=r"archive of 2 files, to choose from \(a, b\).*; unpack it"
    ):
        read(zip_of({"a": b"1 2", "b": b"3 4"}))
    with pytest.raises(ValueError, match=r"2 files, none of which is read \(a\.pdf, b\)"):
        read(zip_of({"a.pdf": b"%PDF-1.4", "b": b"words"}))


def test_texts_are_no_numbers(read, saved):
    with pytest.raises(ValueError, match="texts, no numbers: numpy.save writes numbers by"):
        read(saved(np.save, arr=np.array([["1", "2"], ["3", "4"]])))
