"""The arrays of any file: its content decides which reader opens it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.refusal import LeftOut, Refusal, fault, reason, refusal
from rnnspec.models.files.sniff import content_of

# For each content: the module of its reader, the reader, and the words for it in errors.
READERS = {
    "torch": ("torch_archive", "read_archive", "a PyTorch archive"),
    "torchscript": ("torch_archive", "read_archive", "a TorchScript archive"),
    "torch-legacy": ("torch_legacy", "read_legacy", "a PyTorch file of the old format"),
    "pickle": ("pickled", "read_pickle", "a pickle"),
    "safetensors": ("safetensors", "read_safetensors", "a safetensors file"),
    "npy": ("numpy_files", "read_npy", "a NumPy array"),
    "npz": ("numpy_files", "read_npz", "an archive of NumPy arrays"),
    "mat": ("matlab", "read_mat", "a MATLAB file"),
    "mat73": ("matlab73", "read_mat73", "a MATLAB file of version 7.3"),
    "hdf5": ("keras", "read_keras", "an HDF5 file"),
    "keras": ("keras", "read_keras", "a Keras archive"),
    "onnx": ("onnx", "read_onnx", "an ONNX network"),
    "mtx": ("matrix_market", "read_mtx", "a Matrix Market file"),
    "text": ("text", "read_text", "text"),
    "gzip": ("packed", "read_packed", "a gzip archive"),
    "bzip2": ("packed", "read_packed", "a bzip2 archive"),
    "xz": ("packed", "read_packed", "an xz archive"),
    "tar": ("packed", "read_packed", "a tar archive"),
    "zip": ("packed", "read_packed", "a zip archive"),
}


def read_contents(path: str | Path) -> Contents:
    """The arrays of the file `path` by their keys, whatever it is called.

    Of a run directory they are those of its ``model.safetensors``.  Nothing in a file is executed.

    Raises
    ------
    ValueError
        If there is no such file, it holds nothing that is read, or it is damaged: one line
        with the path, what the content is, what was expected and the way out.
    """
    path = Path(path)
    content = content_of(path)
    if content == "run":
        return read_contents(path / "model.safetensors")
    module, reader, named = READERS[content]
    try:
        read = getattr(import_module(f"rnnspec.models.files.{module}"), reader)
        contents: Contents = read(path)
    except Refusal:
        raise
    except LeftOut as why:
        raise fault(path, f"{named}: {why}") from why
    except Exception as error:  # damaged bytes make a parser raise anything
        raise fault(
            path, f"{named}, damaged or cut off ({reason(error)}); copy or write it anew"
        ) from error
    if not contents.arrays:
        left = f" ({'; '.join(contents.left_out[:5])})" if contents.left_out else ""
        raise refusal(path, f"{named} that holds no array of numbers{left}")
    return contents
