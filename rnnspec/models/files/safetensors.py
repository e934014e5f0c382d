"""Safetensors: a JSON header that names type, shape and place of each array, then their bytes."""

from __future__ import annotations

import json
import struct
from math import prod
from pathlib import Path

import torch

from rnnspec.models.files.contents import Contents

# Types of https://github.com/huggingface/safetensors, README.  Floats of eight bits and less, which
# are quantised weights without their scale, are not read.
DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "C64": torch.complex64, "I64": torch.int64, "I32": torch.int32, "I16": torch.int16,
    "I8": torch.int8, "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


def read_safetensors(path: Path) -> Contents:
    """All tensors of known types in the file `path`."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(path.stat().st_size - 8 - length)
        file.readinto(data)
    header.pop("__metadata__", None)
    arrays, left_out, position = {}, [], 0
    for key, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        (start, end), shape = entry["data_offsets"], entry["shape"]
        if start != position or end < start or end > len(data):
            raise ValueError(f"{key} lies at bytes {start} to {end} of {len(data)}")
        position = end
        dtype = DTYPES.get(entry["dtype"])
        if dtype is None:
            left_out.append(f"{key}: numbers of type {entry['dtype']}, which are not read")
            continue
        if prod(shape) * dtype.itemsize != end - start or min(shape, default=0) < 0:
            raise ValueError(f"{key} of shape {shape} has {end - start} bytes")
        own = data[start:end]  # a copy, so that it begins where a number of any size may begin
        flat = torch.frombuffer(own, dtype=dtype) if own else torch.empty(0, dtype=dtype)
        arrays[key] = flat.reshape(shape)
    if position != len(data):
        raise ValueError(f"{len(data) - position} bytes belong to no array")
    return Contents(
        "safetensors", {key: arrays[key] for key in header if key in arrays}, tuple(left_out)
    )
