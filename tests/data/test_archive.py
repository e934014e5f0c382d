import hashlib
from zipfile import ZipFile

import pytest

from rnnspec.data import archive
from rnnspec.data.archive import find_archived
from rnnspec.data.download import DatasetUnavailable


@pytest.mark.parametrize("folder", ["Toy", "."])
@pytest.mark.parametrize("suffix", [".ts", ".tsv"])
def test_found_in_the_data_folder(tmp_path, place, folder, suffix):
    names = [f"Toy_TRAIN{suffix}", f"Toy_TEST{suffix}"]
    place(tmp_path / folder, dict.fromkeys(names, ""))
    assert [path.name for path in find_archived("Toy", tmp_path, download=False)] == names


def test_found_in_the_cache_after_the_data_folder(tmp_path, place, cache, ts_halves):
    place(cache / "Toy", ts_halves)
    assert find_archived("Toy", tmp_path)[0].parent == cache / "Toy"
    place(tmp_path, ts_halves)
    assert find_archived("Toy", tmp_path)[0].parent == tmp_path


@pytest.mark.parametrize("package", ["sktime", "aeon"])
def test_found_inside_an_installed_package_without_importing_it(
    tmp_path, place, ts_halves, monkeypatch, package
):
    monkeypatch.setitem(archive.ARCHIVE_SHA256, "Toy_TEST.ts", "of another version")
    place(tmp_path / package, {"__init__.py": "raise RuntimeError('imported')"})
    home = place(tmp_path / package / "datasets" / "data" / "Toy", ts_halves)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_archived("Toy", download=False)[1] == home / "Toy_TEST.ts"


def test_downloaded_from_the_second_mirror(server, ts_halves, cache, monkeypatch):
    url, served = server
    monkeypatch.setattr(archive, "ARCHIVE", url + "/absent/{name}.zip")
    monkeypatch.setattr(archive, "ZENODO", url + "/{record}/{name}.zip")
    monkeypatch.setitem(archive.ZENODO_RECORDS, "Toy", 17)
    (served / "17").mkdir()
    with ZipFile(served / "17" / "Toy.zip", "w") as zipped:
        for name, text in ts_halves.items():
            zipped.writestr(name, text)
    for download, offline in ((False, "0"), (True, "1")):
        monkeypatch.setenv("RNNSPEC_OFFLINE", offline)
        with pytest.raises(DatasetUnavailable):
            find_archived("Toy", download=download)
    monkeypatch.setenv("RNNSPEC_OFFLINE", "0")
    train, test = find_archived("Toy")
    assert train.read_text() == ts_halves["Toy_TRAIN.ts"]
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == [
        test.name,
        train.name,
    ]


def test_one_message_says_every_way_to_get_the_data(tmp_path, place, ts_halves, monkeypatch):
    monkeypatch.setattr(archive, "ARCHIVE", "http://127.0.0.1:9/{name}.zip")
    place(tmp_path, {"Toy_TRAIN.ts": ts_halves["Toy_TRAIN.ts"]})
    with pytest.raises(DatasetUnavailable, match="every mirror failed") as caught:
        find_archived("Toy", tmp_path)
    for part in (
        f"{tmp_path / 'Toy_TRAIN.ts'} is there without its other half",
        "Toy_TEST.ts (sha256 not published)",
        "from http://127.0.0.1:9/Toy.zip",
        f"Put them into {tmp_path / 'Toy'}",
        "--dataset digits",
    ):
        assert part in str(caught.value)
    with pytest.raises(DatasetUnavailable, match="68a430eabd919cc7"):
        find_archived("JapaneseVowels", download=False)


@pytest.fixture
def known(monkeypatch, ts_halves):
    """Toy as a data set whose hashes are known: expected hashes by file name."""
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in ts_halves.items()}
    for name, value in hashes.items():
        monkeypatch.setitem(archive.ARCHIVE_SHA256, name, value)
    return hashes


def test_a_known_file_is_compared_in_the_data_folder(tmp_path, place, ts_halves, known):
    place(tmp_path, ts_halves)
    assert find_archived("Toy", tmp_path)[0] == tmp_path / "Toy_TRAIN.ts"
    crlf = {name: text.replace("\n", "\r\n") for name, text in ts_halves.items()}
    assert find_archived("Toy", place(tmp_path, crlf))[0] == tmp_path / "Toy_TRAIN.ts"
    place(tmp_path, {"Toy_TEST.ts": "cut"})
    got = hashlib.sha256(b"cut").hexdigest()
    with pytest.raises(
        ValueError,
        match=rf"Toy_TEST\.ts: expected sha256 {known['Toy_TEST.ts']}, got {got}: a copy that was"
        r" cut.*ts:PATH; replace or remove the file",
    ):
        find_archived("Toy", tmp_path)
    place(tmp_path, {"Toy_TEST.ts": ts_halves["Toy_TRAIN.ts"]})
    with pytest.raises(ValueError, match=r"this is Toy_TRAIN\.ts of the archive under another"):
        find_archived("Toy", tmp_path)


def test_a_known_file_that_differs_in_the_cache_is_fetched_again(
    server, ts_halves, place, cache, known, monkeypatch
):
    url, served = server
    monkeypatch.setattr(archive, "ARCHIVE", url + "/{name}.zip")
    with ZipFile(served / "Toy.zip", "w") as zipped:
        for name, text in ts_halves.items():
            zipped.writestr(name, text)
    place(cache / "Toy", ts_halves | {"Toy_TRAIN.ts": "cut"})
    with pytest.raises(DatasetUnavailable, match=f"expected sha256 {known['Toy_TRAIN.ts']}, got"):
        find_archived("Toy", download=False)
    train, _ = find_archived("Toy")
    assert train == cache / "Toy" / "Toy_TRAIN.ts"
    assert train.read_text() == ts_halves["Toy_TRAIN.ts"]


def test_a_name_is_no_path(tmp_path):
    with pytest.raises(ValueError, match=r"named by letters and digits.*got '\.\./Toy'.*ts:PATH"):
        find_archived("../Toy", tmp_path)
