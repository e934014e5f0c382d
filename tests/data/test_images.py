import gzip
from dataclasses import replace

import numpy as np
import pytest

from rnnspec.data import load_dataset
from rnnspec.data.download import DatasetUnavailable
from rnnspec.data.image_sets import IMAGE_SETS
from rnnspec.data.images import as_sequences, image_files

FIRST = "train-images-idx3-ubyte.gz"


def test_views_hold_the_same_pixels():
    images = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    rows, cols, pixels = (as_sequences(images, view, 0)[0] for view in ("rows", "cols", "pixels"))
    np.testing.assert_array_equal(rows, images)
    np.testing.assert_array_equal(cols, images.transpose(0, 2, 1))
    np.testing.assert_array_equal(pixels.ravel(), images.ravel())
    permuted, permutation = as_sequences(images, "permuted", 0)
    np.testing.assert_array_equal(permuted, pixels[:, permutation])
    assert sorted(permutation) == list(range(12))
    assert not np.array_equal(permutation, as_sequences(images, "permuted", 1)[1])


@pytest.mark.parametrize("folder", ["mnist", "MNIST/raw", "."])
@pytest.mark.parametrize("plain", [False, True])
def test_files_placed_by_hand_are_accepted(tmp_path, tiny_mnist, place, folder, plain):
    files = {
        name.removesuffix(".gz") if plain else name: gzip.decompress(data) if plain else data
        for name, data in tiny_mnist.items()
    }
    place(tmp_path / folder, files)
    data = load_dataset("mnist", data_dir=tmp_path, download=False)
    assert set(data.sources) == set(files)
    assert (len(data.train), len(data.validation), len(data.test)) == (220, 20, 40)
    assert np.bincount(data.validation.labels).tolist() == [2] * 10


def test_images_are_in_the_unit_interval_and_standardised(tmp_path, tiny_mnist, place):
    data = load_dataset("mnist", data_dir=place(tmp_path, tiny_mnist)).test
    np.testing.assert_allclose(data.inputs, (data.raw() - 0.1307) / 0.3081, atol=1e-5)
    pixels = np.frombuffer(gzip.decompress(tiny_mnist["t10k-images-idx3-ubyte.gz"])[16:], np.uint8)
    np.testing.assert_allclose(data.raw().ravel(), pixels / 255, atol=1e-6)
    assert (data.lower.tolist(), data.upper.tolist()) == ([0] * 4, [1] * 4)


def test_the_permutation_comes_with_the_data(tmp_path, tiny_mnist, place):
    place(tmp_path, tiny_mnist)
    pixels = load_dataset("mnist", "pixels", tmp_path)
    permuted = load_dataset("mnist", "permuted", tmp_path)
    np.testing.assert_array_equal(
        permuted.train.inputs, pixels.train.inputs[:, permuted.permutation]
    )
    assert pixels.permutation is None


def test_a_wrong_hash_is_refused_with_its_likely_cause(tmp_path, tiny_mnist, place, to_idx):
    good = tiny_mnist[FIRST]
    zeros = to_idx(np.zeros((2, 4, 4), np.uint8))
    cases = [
        (FIRST, good[:-20], "expected sha256 .*, got .*truncated download"),
        (FIRST, b"<html>", "expected sha256 .* magic number"),
        (FIRST, gzip.compress(zeros), "expected sha256 .*: readable, but not the published data"),
        (FIRST.removesuffix(".gz"), zeros, "expected md5 .* got .* not the published data"),
    ]
    for name, content, message in cases:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}: {message}.*; replace or remove"):
            image_files("mnist", place(tmp_path, {}), download=False)
        (tmp_path / name).unlink()


def test_the_other_sets_files_have_the_same_names(tmp_path, tiny_mnist, place):
    place(tmp_path, tiny_mnist)
    # In a folder for both, they are simply not there; under the wrong name they are a mistake.
    with pytest.raises(DatasetUnavailable):
        image_files("fashion-mnist", tmp_path, download=False)
    place(tmp_path / "fashion-mnist", tiny_mnist)
    with pytest.raises(ValueError, match="this is the file of mnist; replace or remove"):
        image_files("fashion-mnist", tmp_path, download=False)


def test_a_missing_file_is_downloaded_into_its_own_folder(
    server, tiny_mnist, place, cache, monkeypatch
):
    url, served = server
    place(served / "good", tiny_mnist)
    place(served / "bad", dict.fromkeys(tiny_mnist, b"tampered"))
    mirrors = (f"{url}/bad/", f"{url}/good/")
    monkeypatch.setitem(IMAGE_SETS, "mnist", replace(IMAGE_SETS["mnist"], mirrors=mirrors))
    paths = image_files("mnist")
    assert {path.parent for path in paths} == {cache / "mnist"}
    assert load_dataset("mnist", download=False).n_classes == 10
    (cache / "mnist" / FIRST).write_bytes(b"damaged")
    with pytest.raises(DatasetUnavailable, match=FIRST):
        image_files("mnist", download=False)
    assert image_files("mnist") == paths


@pytest.mark.usefixtures("tiny_mnist")
def test_one_message_says_every_way_to_get_the_data(tmp_path, cache, monkeypatch):
    monkeypatch.setitem(
        IMAGE_SETS, "mnist", replace(IMAGE_SETS["mnist"], mirrors=("http://127.0.0.1:9/",))
    )
    with pytest.raises(DatasetUnavailable, match="every mirror failed") as caught:
        load_dataset("mnist")
    message = str(caught.value)
    for file in IMAGE_SETS["mnist"].files:
        assert file.name in message
        assert file.sha256 in message
    assert "from http://127.0.0.1:9/." in message
    assert f"Put them into {cache / 'mnist'}" in message
    assert "--dataset digits" in message
    with pytest.raises(DatasetUnavailable, match=f"Put them into {tmp_path / 'mnist'}"):
        load_dataset("mnist", data_dir=tmp_path)
    with pytest.raises(DatasetUnavailable, match="downloads are switched off"):
        load_dataset("mnist", download=False)
    monkeypatch.setenv("RNNSPEC_OFFLINE", "1")
    with pytest.raises(DatasetUnavailable, match="RNNSPEC_OFFLINE is set"):
        load_dataset("mnist")
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_the_real_files(real_data):
    data = load_dataset("mnist", data_dir=real_data("mnist"), download=False)
    assert data.train.inputs.shape == (55000, 28, 28)
    assert len(data.validation) == 5000
    assert data.train.inputs.mean() == pytest.approx(0, abs=1e-2)
    assert data.train.inputs.std() == pytest.approx(1, abs=1e-2)
