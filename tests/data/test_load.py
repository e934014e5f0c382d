import subprocess
import sys

import numpy as np
import pytest

from rnnspec.data import load_dataset
from rnnspec.data.registry import ENTRIES

BUNDLED = ["digits", "synthetic:temporal-order", "synthetic:adding", "synthetic:sine"]


def rows_of(part):
    return {row.tobytes() for row in part.inputs}


@pytest.mark.parametrize("name", BUNDLED)
def test_parts_are_disjoint_and_stratified(name):
    data = load_dataset(name)
    parts = (data.train, data.validation, data.test)
    assert sum(len(rows_of(part)) for part in parts) == len(set().union(*map(rows_of, parts)))
    shares = [np.bincount(part.labels) / len(part) for part in parts]
    np.testing.assert_allclose(shares[1], shares[0], atol=0.02)
    np.testing.assert_allclose(shares[2], shares[0], atol=0.02)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_seed_reproduces_and_changes_a_load(name):
    one, same, other = (load_dataset(name, seed=seed).train.inputs for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_digits_views():
    rows, cols, pixels, permuted = (
        load_dataset("digits", view).train for view in ("rows", "cols", "pixels", "permuted")
    )
    assert rows.inputs.shape == cols.inputs.shape == (1257, 8, 8)
    assert pixels.inputs.shape == permuted.inputs.shape == (1257, 64, 1)
    np.testing.assert_array_equal(cols.inputs, rows.inputs.transpose(0, 2, 1))
    np.testing.assert_array_equal(pixels.inputs.reshape(-1, 8, 8), rows.inputs)
    permutation = load_dataset("digits", "permuted").permutation
    np.testing.assert_array_equal(permuted.inputs, pixels.inputs[:, permutation])


def test_digits_in_both_units():
    train = load_dataset("digits").train
    assert train.inputs.mean() == pytest.approx(0, abs=1e-5)
    assert train.inputs.std() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(train.raw() * 16, np.round(train.raw() * 16), atol=1e-4)
    assert (train.raw().min(), train.raw().max()) == pytest.approx((0, 1), abs=1e-7)
    assert (set(train.lower), set(train.upper)) == ({0}, {1})


def test_the_default_is_digits_by_rows():
    data = load_dataset()
    assert (data.name, data.view, data.seed) == ("digits", "rows", 0)
    assert (data.n_features, data.n_classes) == (8, 10)
    assert list(data.sources) == ["scikit-learn digits"]


def test_series_from_files(tmp_path, place, ts_halves):
    place(tmp_path, ts_halves)
    data = load_dataset(f"ts:{tmp_path}")
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 9)
    assert data.train.class_names == ("Walking", "Standing")
    # One padded length: that of the longest series of either half.
    assert data.train.n_steps == data.test.n_steps == 8
    assert np.isinf(data.train.lower).all()
    assert np.isinf(data.train.upper).all()
    steps = data.train.inputs[data.train.mask()]
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(data.test.raw()[0, :4, 0], [100, 101, 102, 0], rtol=1e-7)
    assert set(data.sources) == set(ts_halves)


def test_padding_does_not_depend_on_the_other_series(tmp_path, place, ts_halves):
    place(tmp_path / "long", ts_halves)
    short = ts_halves | {"Toy_TEST.ts": ts_halves["Toy_TRAIN.ts"]}
    place(tmp_path / "short", short)
    wide, narrow = (load_dataset(f"ts:{tmp_path / name}").train for name in ("long", "short"))
    assert (wide.n_steps, narrow.n_steps) == (8, 6)
    np.testing.assert_array_equal(wide.inputs[:, :6], narrow.inputs)
    assert not wide.inputs[:, 6:].any()
    np.testing.assert_array_equal(wide.lengths, narrow.lengths)


def test_one_archive_name_three_ways(tmp_path, place, ts_halves, monkeypatch):
    monkeypatch.setattr("rnnspec.data.archive.ARCHIVE_SHA256", {})
    place(tmp_path / "JapaneseVowels", {f"JapaneseVowels{k[3:]}": v for k, v in ts_halves.items()})
    monkeypatch.setenv("RNNSPEC_DATA_DIR", str(tmp_path))
    loads = [
        load_dataset(name, download=False)
        for name in (
            "japanese-vowels",
            "ucr:JapaneseVowels",
            f"ts:{tmp_path / 'JapaneseVowels' / 'JapaneseVowels'}",
        )
    ]
    for data in loads[1:]:
        np.testing.assert_array_equal(data.train.inputs, loads[0].train.inputs)
    assert [data.name[:3] for data in loads] == ["jap", "ucr", "ts:"]


def test_tab_separated_files(tmp_path, place):
    lines = [f"{1 + i % 2}\t{i}\t{i + 2}\t{'NaN' if i % 3 else i}\n" for i in range(12)]
    place(tmp_path, {"Toy_TRAIN.tsv": "".join(lines), "Toy_TEST.tsv": "".join(lines[:4])})
    data = load_dataset(f"tsv:{tmp_path / 'Toy_TRAIN.tsv'}")
    assert data.test.lengths.tolist() == [3, 2, 2, 3]
    assert data.test.labels.tolist() == [0, 1, 0, 1]


def test_halves_of_two_sets_are_refused(tmp_path, place):
    head = "@classLabel true a b\n@data\n"
    place(tmp_path, {"X_TRAIN.ts": head + "1:a\n2:b\n", "X_TEST.ts": head + "1:2:a\n"})
    with pytest.raises(ValueError, match=r"X_TEST\.ts: expected 1 channels as in .* got 2"):
        load_dataset(f"ts:{tmp_path}")


def test_few_series_of_a_class_leave_validation_empty(tmp_path, place):
    text = "@classLabel true a b\n@data\n1,2:a\n2,3:b\n4,5:b\n"
    place(tmp_path, {"X_TRAIN.ts": text, "X_TEST.ts": text})
    data = load_dataset(f"ts:{tmp_path}")
    assert (len(data.train), len(data.validation)) == (3, 0)
    assert data.validation.inputs.shape == (0, 2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "cifar"}, "`name` must be one of digits, mnist.*got 'cifar'"),
        ({"name": "ts:"}, "`name` must be one of"),
        ({"name": "synthetic:copy"}, "`name` must be one of"),
        ({"view": "diagonal"}, "`view` must be one of rows, cols, pixels, permuted, got"),
        ({"name": "mnist", "view": "cols"}, "`view` must be one of rows, pixels, permuted, got"),
        ({"name": "ucr:X", "view": "rows"}, "`view` must be one of series, got 'rows'"),
        ({"seed": -1}, r"`seed` must be an integer from 0 to 2\*\*32 - 1, got -1"),
        ({"seed": 0.5}, "`seed` must be an integer"),
    ],
)
def test_what_cannot_be_loaded(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_dataset(**arguments)


def test_every_listed_name_is_documented():
    for entry in ENTRIES:
        assert f"``{entry.name}``" in load_dataset.__doc__


def test_importing_the_room_loads_no_heavy_package():
    code = (
        "import sys, rnnspec.data;"
        "print([m for m in ('torch', 'sklearn', 'pooch', 'requests', 'scipy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_real_series(real_data):
    vowels = load_dataset("japanese-vowels", data_dir=real_data("JapaneseVowels"), download=False)
    assert vowels.train.inputs.shape == (216, 29, 12)
    assert (len(vowels.validation), len(vowels.test)) == (54, 370)
    assert (vowels.train.lengths.max(), vowels.test.lengths.max()) == (26, 29)
    assert vowels.train.class_names == tuple("123456789")


def test_real_series_with_words_for_labels(real_data):
    motions = load_dataset("ucr:BasicMotions", data_dir=real_data("BasicMotions"), download=False)
    assert motions.train.class_names == ("Standing", "Running", "Walking", "Badminton")
    assert motions.test.inputs.shape == (40, 100, 6)


def test_real_series_that_are_zscored_stay_as_they_are(real_data):
    heads = load_dataset("ucr:ArrowHead", data_dir=real_data("ArrowHead"), download=False)
    assert heads.train.inputs.shape == (28, 251, 1)
    assert (heads.train.mean, heads.train.std) == (0, 1)


@pytest.mark.parametrize(
    ("offset", "amplitude"), [(0, 1e-15), (101325, 0.01), (2459945.5, 0.05), (1.7e9, 10), (0, 1e40)]
)
def test_files_in_any_unit_are_standardised(tmp_path, place, offset, amplitude):
    rng = np.random.default_rng(9)
    values = offset + amplitude * rng.normal(size=(40, 20))
    lines = [f"{i % 2}\t" + "\t".join(map(repr, row.tolist())) for i, row in enumerate(values)]
    place(tmp_path, dict.fromkeys(("X_TRAIN.tsv", "X_TEST.tsv"), "\n".join(lines)))
    data = load_dataset(f"tsv:{tmp_path}")
    assert data.train.inputs.std() == pytest.approx(1, abs=1e-5)
    assert len(np.unique(data.test.inputs)) == len(np.unique(values))
    error = (data.test.raw()[:, :, 0] - values) / amplitude
    np.testing.assert_allclose(error, 0, atol=1e-6 + 4e-16 * offset / amplitude)


def test_a_training_half_without_any_change_is_said(tmp_path, place):
    text = "1\t1700000000.0\t1700000000.0\n2\t1700000000.0\n"
    place(tmp_path, {"X_TRAIN.tsv": text, "X_TEST.tsv": text})
    with pytest.warns(
        UserWarning, match=r"X_TRAIN\.tsv: every value of a channel is the same \(17"
    ):
        data = load_dataset(f"tsv:{tmp_path}")
    assert not data.train.inputs.any()
    assert data.train.std == 1
