"""Small files, a cache of their own, a server on this machine; no network, no data of the user."""

import gzip
import hashlib
import os
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from rnnspec.data.image_sets import IMAGE_SETS, RemoteFile

REAL = os.environ.get("RNNSPEC_DATA_DIR")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty cache, and no settings of the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("pooch.os_cache", lambda name: folder / name)
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    monkeypatch.delenv("RNNSPEC_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder / "rnnspec"


@pytest.fixture
def real_data():
    """Folder of the real files; asks for a subfolder and skips without it."""

    def folder(name):
        if not REAL or not (Path(REAL) / name).is_dir():
            pytest.skip(f"no {name} in RNNSPEC_DATA_DIR")
        return Path(REAL)

    return folder


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """A web server: its address and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", folder
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def idx_bytes(array):
    """An IDX file: the inverse of `read_idx`."""
    magic = 2051 if array.ndim == 3 else 2049
    return np.array([magic, *array.shape], dtype=">u4").tobytes() + array.tobytes()


@pytest.fixture
def to_idx():
    return idx_bytes


@pytest.fixture
def tiny_mnist(monkeypatch):
    """An MNIST of 240 + 40 images of 4 x 4: the registry knows it; its files as {name: bytes}."""
    rng = np.random.default_rng(1)
    arrays = (
        rng.integers(0, 256, (240, 4, 4), dtype=np.uint8),
        np.repeat(np.arange(10, dtype=np.uint8), 24),
        rng.integers(0, 256, (40, 4, 4), dtype=np.uint8),
        np.repeat(np.arange(10, dtype=np.uint8), 4),
    )
    files, known = {}, []
    for array, published in zip(arrays, IMAGE_SETS["mnist"].files, strict=True):
        plain = idx_bytes(array)
        content = gzip.compress(plain, mtime=0)
        files[published.name] = content
        known.append(
            RemoteFile(
                published.name,
                len(content),
                hashlib.sha256(content).hexdigest(),
                hashlib.md5(plain).hexdigest(),
            )
        )
    monkeypatch.setitem(
        IMAGE_SETS, "mnist", replace(IMAGE_SETS["mnist"], files=tuple(known), mirrors=())
    )
    return files


@pytest.fixture
def place():
    """Write {name: content} into a folder."""

    def write(folder, files):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(data)
        return folder

    return write


TS_HEADER = """# a description

@problemName Toy
@timeStamps false
@dimensions 2
@equalLength false
@CLASSLABEL true Walking Standing
@data
"""


@pytest.fixture
def ts_halves():
    """TRAIN and TEST text of a set with two channels, variable length, string labels."""

    def text(n, longest, first):
        lines = []
        for i in range(n):
            steps = np.arange(3 + i % (longest - 2)) + first + i
            channels = (",".join(map(str, values)) for values in (steps, -2.5 * steps))
            label = ("Standing", "Walking")[i % 2]
            lines.append(f"{':'.join(channels)}:{label}")
        return TS_HEADER + "\n".join(lines) + "\n"

    return {"Toy_TRAIN.ts": text(20, 6, 0), "Toy_TEST.ts": text(9, 8, 100)}
