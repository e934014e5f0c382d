import hashlib
from zipfile import ZipFile

import pytest

from rnnspec.data.download import data_folder, download_file, download_members, offline

CONTENT = b"the real thing"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_next_mirror_is_tried_when_one_is_wrong_or_absent(server, tmp_path):
    url, served = server
    for mirror, content in (("1", b"tampered"), ("3", CONTENT)):
        (served / mirror).mkdir()
        (served / mirror / "f").write_bytes(content)
    download_file([f"{url}/{m}/f" for m in "123"], tmp_path / "to" / "f", SHA256)
    assert (tmp_path / "to" / "f").read_bytes() == CONTENT


def test_when_all_fail_each_reason_is_said_and_nothing_is_left(server, tmp_path):
    url, served = server
    (served / "f").write_bytes(b"tampered")
    urls = [f"{url}/f", f"{url}/absent", "http://127.0.0.1:9/f"]
    with pytest.raises(ValueError, match="does not match the known hash.*404.*127.0.0.1:9"):
        download_file(urls, tmp_path / "to" / "f", SHA256)
    assert files_below(tmp_path / "to") == []


def test_a_damaged_file_in_place_is_fetched_anew(server, tmp_path):
    url, served = server
    (served / "f").write_bytes(CONTENT)
    (tmp_path / "f").write_bytes(CONTENT[:4])
    download_file([f"{url}/f"], tmp_path / "f", SHA256)
    assert (tmp_path / "f").read_bytes() == CONTENT


def zipped(path, members):
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_members_come_from_the_first_sound_archive(server, tmp_path):
    url, served = server
    (served / "page.zip").write_bytes(b"<html>not found, but 200</html>")
    zipped(served / "partial.zip", {"a.ts": CONTENT})
    zipped(served / "tampered.zip", {"a.ts": b"x", "b.ts": b"y"})
    zipped(served / "good.zip", {"a.ts": CONTENT, "b.ts": b"y", "c.arff": b"z"})
    names = ["page", "partial", "tampered"]
    bad = [f"{url}/{name}.zip" for name in names]
    with pytest.raises(ValueError, match=r"not a zip.*no item named 'b\.ts'.*expected sha256"):
        download_members(bad, tmp_path / "to", ["a.ts", "b.ts"], {"a.ts": SHA256})
    assert files_below(tmp_path / "to") == []
    download_members([*bad, f"{url}/good.zip"], tmp_path / "to", ["a.ts", "b.ts"], {"a.ts": SHA256})
    assert files_below(tmp_path / "to") == ["a.ts", "b.ts"]


@pytest.mark.parametrize(("value", "forbidden"), [("1", True), ("0", False), ("", False)])
def test_offline_is_an_environment_variable(monkeypatch, value, forbidden):
    monkeypatch.setenv("RNNSPEC_OFFLINE", value)
    assert offline() is forbidden


def test_the_data_folder_is_the_argument_then_the_variable(tmp_path, monkeypatch):
    assert data_folder(None) is None
    monkeypatch.setenv("RNNSPEC_DATA_DIR", str(tmp_path))
    assert data_folder(None) == tmp_path
    (tmp_path / "other").mkdir()
    assert data_folder(tmp_path / "other") == tmp_path / "other"
    with pytest.raises(ValueError, match="`data_dir` must be a folder that exists, got"):
        data_folder(tmp_path / "none")
    monkeypatch.setenv("RNNSPEC_DATA_DIR", "none")
    with pytest.raises(ValueError, match="RNNSPEC_DATA_DIR must be a folder that exists"):
        data_folder(None)
