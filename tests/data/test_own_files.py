import pytest

from rnnspec.data.own_files import find_own


@pytest.mark.parametrize("given", ["Toy_TRAIN.ts", "Toy_TEST.ts", "Toy", "."])
def test_own_files_by_file_prefix_or_folder(tmp_path, place, ts_halves, given):
    place(tmp_path, ts_halves)
    halves = find_own(str(tmp_path / given), ".ts")
    assert [path.name for path in halves] == ["Toy_TRAIN.ts", "Toy_TEST.ts"]


def test_own_files_that_are_no_pair(tmp_path, place):
    place(tmp_path, {"Toy_TRAIN.ts": "", "data.ts": ""})
    with pytest.raises(ValueError, match=r"expected the files .* got no .*Toy_TEST\.ts"):
        find_own(str(tmp_path), ".ts")
    with pytest.raises(
        ValueError, match=r"expected a file that ends in _TRAIN\.ts, got .*data\.ts"
    ):
        find_own(str(tmp_path / "data.ts"), ".ts")
    with pytest.raises(ValueError, match=r"expected one file \*_TRAIN\.tsv in the folder .* none"):
        find_own(str(tmp_path), ".tsv")
    place(tmp_path, {"Other_TRAIN.ts": ""})
    with pytest.raises(ValueError, match="got Other_TRAIN.ts, Toy_TRAIN.ts"):
        find_own(str(tmp_path), ".ts")
