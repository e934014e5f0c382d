import json
from importlib import import_module

import numpy as np
import pytest

import rnnspec
from rnnspec.cli.options import numbers
from rnnspec.cli.pseudospectrum import grid_of
from rnnspec.cli.source import choose_square
from rnnspec.models.checkpoint import save_weights
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run

A = np.array([[0.5, 3.0], [0.0, 0.4]])
GATES = ["layer0.reset", "layer0.update", "layer0.new"]
MEASURES = (
    "n spectral_radius spectral_abscissa spectral_norm henrici henrici_relative commutator_norm"
    " eigenvector_condition numerical_abscissa numerical_radius kreiss_constant transient_peak"
    " transient_peak_step distance_to_instability stability_radius_real pseudospectral_radius"
    " pseudospectral_abscissa certified warnings"
).split()


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "a.npy", A)
    np.savetxt(tmp_path / "a.csv", A, delimiter=",")
    np.savez(tmp_path / "two.npz", first=A, second=A.T, wide=np.ones((2, 3)))
    np.save(tmp_path / "wide.npy", np.ones((8, 2)))
    np.save(tmp_path / "nan.npy", np.full((2, 2), np.nan))
    model = rnnspec.SequenceClassifier("gru", 2, 3, 4)
    save_weights(tmp_path / "w.safetensors", model.state_dict())
    return tmp_path


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_run(TrainingConfig(cell="gru", hidden=4, epochs=1, batch_size=500), folder)
    return folder


def test_measure_json_has_the_promised_keys(program, files):
    code, out, err = program("measure", files / "a.npy", "--epsilon", "0.01,0.1", "--json")
    assert (code, err) == (0, "")
    (record,) = json.loads(out)["matrices"].values()
    assert set(MEASURES) <= set(record)
    assert record["spectral_radius"] == 0.5
    assert set(record["pseudospectral_radius"]) == {"0.01", "0.1"}
    assert record["pseudospectral_radius"]["0.01"] < record["pseudospectral_radius"]["0.1"]


def test_measure_prints_infinity_as_a_word(program, files):
    np.save(files / "a.npy", 3 * A)
    _, out, _ = program("measure", files / "a.npy", "--json")
    assert json.loads(out)["matrices"]["a"]["kreiss_constant"] == "inf"


@pytest.mark.parametrize(
    ("source", "flags", "names"),
    [
        ("a.csv", (), ["a"]),
        ("two.npz", (), ["first", "second"]),
        ("two.npz", ("--matrix", "second"), ["second"]),
        ("w.safetensors", (), GATES),
        ("w.safetensors", ("--matrix", "layer0.new"), ["layer0.new"]),
    ],
)
def test_which_matrices_are_measured(program, files, source, flags, names):
    _, out, _ = program("measure", files / source, *flags, "--json")
    assert list(json.loads(out)["matrices"]) == names


def test_measure_prints_a_table_and_its_warnings_apart(program, files):
    np.save(files / "a.npy", 3 * A)
    code, out, err = program("measure", files / "a.npy")
    assert code == 0
    assert "spectral radius" in out
    assert "1.5" in out
    assert "pseudospectral radius 0.01" in out
    assert "a: kreiss_constant: infinite" in err
    assert program("measure", files / "a.npy", "--quiet") == (0, "", "")


def test_a_warning_of_many_matrices_is_said_once_with_all_names(program, files):
    np.savez(files / "more.npz", first=3 * A, second=3 * A.T, stable=A, third=-3 * A)
    _, _, err = program("measure", files / "more.npz")
    (line,) = [line for line in err.splitlines() if "kreiss_constant: infinite" in line]
    assert line.startswith("first, second, third: ")


def test_a_run_directory_is_a_source(program, run_directory):
    _, out, _ = program("measure", run_directory, "--json")
    measured = json.loads(out)["matrices"]
    summary = json.loads((run_directory / "summary.json").read_text())["matrices"]
    assert list(measured) == list(summary) == GATES
    for name in GATES:
        assert measured[name]["henrici"] == pytest.approx(summary[name]["henrici"])
    _, out, _ = program("pseudospectrum", run_directory, "--grid", 4, "--json")
    assert json.loads(out)["name"] == "layer0.reset"


def test_pseudospectrum_writes_numbers_a_picture_and_a_record(program, files):
    out, figure = files / "ps.npz", files / "ps.png"
    code, stdout, err = program(
        "pseudospectrum", files / "a.npy", "--grid", "7,5", "--box", "-1,1,-0.5,0.5",
        "--levels", "0.1,0.01", "--tol", "1e-8", "--out", out, "--figure", figure, "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    record = json.loads(stdout)
    assert set("name n grid box seconds method sigma_min_range figure out".split()) <= set(record)
    assert (record["name"], record["n"], record["grid"]) == ("a", 2, [7, 5])
    assert (record["out"], record["figure"]) == (str(out), str(figure))
    with np.load(out) as saved:
        assert {"x", "y", "sigma_min", "eigenvalues", "name", "tol"} <= set(saved.files)
        np.testing.assert_array_equal(saved["x"], np.linspace(-1, 1, 7))
        np.testing.assert_array_equal(saved["y"], np.linspace(-0.5, 0.5, 5))
        assert saved["sigma_min"].shape == (5, 7)
        assert float(saved["tol"]) == 1e-8
        for i, y in enumerate(saved["y"]):
            for j, x in enumerate(saved["x"]):
                smallest = np.linalg.svd((x + 1j * y) * np.eye(2) - A, compute_uv=False)[-1]
                assert saved["sigma_min"][i, j] == pytest.approx(smallest, rel=1e-7, abs=1e-14)
        low, high = record["sigma_min_range"]
        assert (low, high) == (saved["sigma_min"].min(), saved["sigma_min"].max())
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert not [path for path in files.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]
)
def test_picture_formats(program, files, suffix, start):
    figure = files / f"ps{suffix}"
    called = program("pseudospectrum", files / "a.npy", "--grid", 20, "--figure", figure)
    assert called.code == 0
    assert f"figure: {figure}" in called.out
    assert figure.read_bytes().startswith(start)


def test_pseudospectrum_lists_the_names_and_takes_the_first(program, files):
    _, out, _ = program("pseudospectrum", files / "w.safetensors", "--grid", 4)
    assert out.startswith(f"matrices: {', '.join(GATES)}, layer0.stacked; taken: layer0.reset\n")
    _, out, _ = program("pseudospectrum", files / "w.safetensors", "--grid", 4, "--quiet")
    assert out == ""


@pytest.mark.parametrize("command", ["measure", "pseudospectrum"])
@pytest.mark.parametrize(
    ("source", "flags", "message"),
    [
        (
            "wide.npy",
            (),
            "must hold a square matrix, got wide (8, 2), a stack of gates whose order",
        ),
        ("nan.npy", (), "must be finite, got nan at [0, 0]"),
        ("none.npy", (), "none.npy does not exist"),
        ("w.safetensors", ("--matrix", "layer0.rest"), "did you mean layer0.reset?"),
        ("w.safetensors", ("--matrix", "layer0.stacked"), "stacked gates of GRU weights"),
        ("a.npy", ("--matrix", "b"), "has no matrix 'b'; it has a"),
        ("settings.toml", (), "settings.toml is an empty file; expected a run directory, weights"),
        (".", (), "must be a run directory with model.safetensors"),
    ],
)
def test_bad_sources(refused, files, command, source, flags, message):
    (files / "settings.toml").write_text("")
    assert message in refused(command, files / source, *flags)


@pytest.mark.parametrize(
    ("command", "flags", "message"),
    [
        ("measure", ("--epsilon", "a,b"), "`--epsilon` must be numbers separated by commas"),
        ("measure", ("--epsilon", ""), "`--epsilon` must be numbers"),
        ("measure", ("--epsilon", "0"), "must be a finite number > 0, got 0"),
        ("pseudospectrum", ("--grid", "ten"), "`--grid` must be INT or NX,NY, got 'ten'"),
        ("pseudospectrum", ("--grid", "1,2,3"), "`--grid` must be INT or NX,NY"),
        ("pseudospectrum", ("--grid", "0"), "`grid` must be"),
        ("pseudospectrum", ("--box", "1,2,3"), "`--box` must be 4 numbers"),
        ("pseudospectrum", ("--box", "1,-1,0,1"), "`box` must be"),
        ("pseudospectrum", ("--levels", "x"), "`--levels` must be numbers"),
        ("pseudospectrum", ("--tol", "0"), "`tol` must be"),
        ("pseudospectrum", ("--threads", "0"), "--threads"),
        ("pseudospectrum", ("--figure", "a.gif"), "must end in .png, .svg, .pdf, got 'a.gif'"),
        ("pseudospectrum", ("--figure", "no/a.png"), "the folder no does not exist"),
        ("pseudospectrum", ("--out", "a.txt"), "must end in .npz, got 'a.txt'"),
        ("pseudospectrum", ("--out", "no/a.npz"), "the folder no does not exist"),
    ],
)
def test_bad_options(refused, files, command, flags, message):
    assert message in refused(command, files / "a.npy", *flags)


@pytest.mark.parametrize("option", ["--out", "--figure"])
def test_a_place_that_cannot_be_written_is_found_before_the_work(
    refused, files, monkeypatch, option
):
    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    module = import_module("rnnspec.spectra.pseudospectrum")
    monkeypatch.setattr(module, "pseudospectrum", lambda *_, **__: pytest.fail("worked"))
    name = {"--out": "a.npz", "--figure": "a.png"}[option]
    (files / name).mkdir()
    err = refused("pseudospectrum", files / "a.npy", option, files / name)
    assert f"`{option}` '{files / name}': expected a file to write, got a folder" in err
    (files / name).rmdir()
    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    err = refused("pseudospectrum", files / "a.npy", option, files / name)
    assert f"`{option}` '{files / name}': the folder {files} cannot be written (Read-only" in err


def test_lists_of_numbers():
    assert numbers("-1,2.5e-1", "--box", 2) == [-1, 0.25]
    assert (grid_of("7"), grid_of("7,5")) == (7, (7, 5))


def test_what_is_chosen():
    stack = {"layer0.new": A, "layer0.stacked": np.ones((6, 2))}
    assert [list(part) for part in choose_square(stack, "a.npz")] == [["layer0.new"], []]


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((2, 3), r"got A \(2, 3\) \(is there a column of row numbers\? remove it\)$"),
        ((3, 2), r"got A \(3, 2\) \(is there a line of column numbers\? remove it\)$"),
        ((6, 2), r"got A \(6, 2\), a stack of gates .*--matrix A --cut gru:rzn:rows"),
        ((1, 4), r"got A \(1, 4\)$"),
        ((2, 5), r"got A \(2, 5\)$"),
    ],
)
def test_what_is_not_square_may_be(shape, why):
    with pytest.raises(ValueError, match=f"a.npy must hold a square matrix, {why}"):
        choose_square({"A": np.ones(shape)}, "a.npy")
