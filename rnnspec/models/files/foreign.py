"""The contents that are not read, how they are known, and what the user can do."""

from __future__ import annotations

from pathlib import Path

from rnnspec.models.files.refusal import refusal

# By the first bytes.
_SIGNATURES = (
    (b"%PDF", "a PDF document", ""),
    (b"\x89PNG", "a PNG image", ""),
    (b"\xff\xd8\xff", "a JPEG image", ""),
    (b"GIF8", "a GIF image", ""),
    (b"RIFF", "a RIFF file (sound, video or an image)", ""),
    (b"\x7fELF", "an ELF program or library", ""),
    (b"MZ", "a Windows program", ""),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first"),
    (b"SQLite format 3", "an SQLite database", ""),
    (b"PAR1", "a Parquet table", "write it as .csv or .npy first"),
    (b"ARROW1", "an Arrow table", "write it as .csv or .npy first"),
    (b"GGUF", "a GGUF file of quantised weights", "convert it to safetensors first"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "export it as .csv first"),
    (b"RDX", "an R workspace", "write the matrix with write.table first"),
    (b"{\\rtf", "an RTF document", ""),
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the file itself",
        "`git lfs pull` fetches it",
    ),
)
_TFLITE = b"TFL3"  # at byte 4
# By a file in a zip archive.
_MEMBERS = (
    ("archive_format", "a program of torch.export", "save model.state_dict() with torch.save"),
    ("[Content_Types].xml", "an Office document", "export it as .csv first"),
    ("model.json", "a TorchScript archive of PyTorch 1.0 or 1.1", "save it anew"),
)
# By the beginning of a text, in lower case.
_DOCUMENTS = (
    ("<!doctype html", "an HTML page", ""),
    ("<html", "an HTML page", ""),
    ("<", "an XML document", ""),
    ("{", "a JSON document", "of an index of weights name a file that it lists"),
    ("[", "numbers in brackets", "write them without brackets, or by numpy.save"),
    ("#!", "a script", ""),
)


def refuse_foreign_bytes(path: Path, head: bytes) -> None:
    """Refuse a file whose first bytes are those of a content that is not read.

    Raises
    ------
    ValueError
        It names the content and, where there is one, the way out; so do the next two.
    """
    for start, named, way in _SIGNATURES:
        if head.startswith(start):
            raise refusal(path, named, way)
    if head[4:8] == _TFLITE:
        raise refusal(path, "a TensorFlow Lite model", "bring the Keras model or its ONNX export")


def refuse_foreign_archive(path: Path, members: set[str]) -> None:
    """Refuse a zip archive of another program's, told by the names of the files in it."""
    for mark, named, way in _MEMBERS:
        if mark in members:
            raise refusal(path, named, way)


def refuse_foreign_text(path: Path, text: str) -> None:
    """Refuse a text that is a document, a script or the like."""
    for start, named, way in _DOCUMENTS:
        if text.lstrip().lower().startswith(start):
            raise refusal(path, named, way)
