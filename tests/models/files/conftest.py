"""One network and one matrix, in every kind of file that is read, and a limit to the time."""

import bz2
import gzip
import io
import pickle
import signal
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save as safetensors_of
from scipy import io as scipy_io
from scipy import sparse
from torch import nn

SECONDS = 20  # for one file; the machine may be busy


def saved(function, *arguments, **named):
    """The bytes that `function` writes to a file."""
    buffer = io.BytesIO()
    function(buffer, *arguments, **named)
    return buffer.getvalue()


def torch_file(value, **named):
    buffer = io.BytesIO()
    torch.save(value, buffer, **named)
    return buffer.getvalue()


def matrix():
    A = np.random.default_rng(5).standard_normal((4, 4))
    A[0, 1], A[2, 2] = 0.0, -0.0
    return A


def network():
    torch.manual_seed(3)
    return nn.GRU(3, 4)


def tar_of(files, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(files, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def script_of(module):
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # that TorchScript is an old way
        torch.jit.save(torch.jit.script(module), buffer)
    return buffer.getvalue()


def mat73_of(fill):
    """A file of MATLAB 7.3 as `fill` fills it: HDF5 behind 512 bytes that say so."""
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        fill(file)
    content = bytearray(buffer.getvalue())
    content[:116] = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116)
    content[124:128] = b"\x00\x02IM"
    return bytes(content)


def valid_files():
    """By name the bytes of a file and the arrays that it holds."""
    A, gru = matrix(), network()
    state = {key: value.detach() for key, value in gru.state_dict().items()}
    arrays = {key: value.numpy() for key, value in state.items()}
    one, stem = {"A": A}, {"file": A}
    state_file = torch_file(state)
    files = {
        "state.pt": (state_file, state),
        "nested.ckpt": (torch_file({"epoch": 3, "net": state}), under("net", state)),
        "legacy.pth": (torch_file(state, _use_new_zipfile_serialization=False), state),
        "module.pt": (torch_file(gru), state),
        "script.pt": (script_of(gru), state),
        "tensors.pkl": (pickle.dumps(state), state),
        "state.safetensors": (safetensors_of(state), state),
        "state.npz": (saved(np.savez, **arrays), arrays),
        "packed.npz": (saved(np.savez_compressed, A=A), one),
        "sparse.npz": (saved(sparse.save_npz, sparse.csr_array(A)), stem),
        "a.npy": (saved(np.save, A), stem),
        "a.csv": (saved(np.savetxt, A, delimiter=",", fmt="%.17g"), stem),
        "complex.txt": (saved(np.savetxt, A * (1 - 2j), fmt="%.17g"), {"file": A * (1 - 2j)}),
        "a.mat": (saved(scipy_io.savemat, {"A": A, "label": "words"}), one),
        "four.mat": (saved(scipy_io.savemat, {"A": A}, format="4"), one),
        "a.mtx": (saved(scipy_io.mmwrite, A, precision=17), stem),
        "sparse.mtx": (saved(scipy_io.mmwrite, sparse.coo_matrix(A), precision=17), stem),
        "state.pt.gz": (gzip.compress(state_file, mtime=0), state),
        "state.pt.bz2": (bz2.compress(state_file), state),
        "state.tar.gz": (gzip.compress(tar_of({"m/state.pt": state_file}), mtime=0), state),
        "state.zip": (zip_of({"m/state.pt": state_file}, zipfile.ZIP_DEFLATED), state),
    }
    for protocol in (0, 2, 4, 5):
        files[f"arrays{protocol}.pkl"] = (pickle.dumps({"A": A, "n": 3}, protocol), one)
    return files


def under(prefix, arrays):
    return {f"{prefix}.{key}": value for key, value in arrays.items()}


def same(found, expected):
    """Whether both are the same arrays to the last bit, types included."""
    return set(found) == set(expected) and all(
        plain(found[key]).dtype == plain(value).dtype
        and np.array_equal(plain(found[key]), plain(value), equal_nan=True)
        for key, value in expected.items()
    )


def plain(value):
    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    return value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()


@pytest.fixture(scope="session")
def valid():
    """By name the bytes of a file and its arrays; a file of one unnamed array is to be "file.*"."""
    return valid_files()


@pytest.fixture(name="same")
def same_arrays():
    return same


@pytest.fixture(name="plain")
def plain_array():
    return plain


@pytest.fixture(name="torch_file")
def file_of_torch():
    return torch_file


@pytest.fixture(name="saved")
def bytes_saved():
    return saved


@pytest.fixture(name="zip_of")
def zip_archive():
    return zip_of


@pytest.fixture(name="tar_of")
def tar_archive():
    return tar_of


@pytest.fixture(name="mat73_of")
def mat73_file():
    return mat73_of


class TookTooLong(BaseException):
    """Not an Exception, which a reader would take for the error of a parser."""


@pytest.fixture
def limited():
    """Stop whatever takes longer than SECONDS: a hang is a defect."""

    def stop(*_):
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
