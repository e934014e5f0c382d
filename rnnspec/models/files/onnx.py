"""The recurrent weights of an ONNX network, under PyTorch's keys and in its order of gates.

ONNX stacks the gates of an ``LSTM`` node as i, o, f, c and those of a ``GRU`` as z, r, h, in
rows, the directions one behind the other: W (d, g*h, n), R (d, g*h, h), B (d, 2*g*h).
``linear_before_reset``, activations, ``clip``, ``input_forget`` and peepholes may make it another
cell.  That is noted as its formula; the matrices are right all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import Contents
from rnnspec.models.files.onnx_values import Scope, Values
from rnnspec.models.files.refusal import LeftOut, Refusal
from rnnspec.models.gates import n_gates, reorder_gates
from rnnspec.models.names import weight_suffix

# For each node the cell, and where PyTorch's gates stand among those of the node.
NODES = {"RNN": ("rnn", (0,)), "LSTM": ("lstm", (0, 2, 3, 1)), "GRU": ("gru", (1, 0, 2))}
ACTIVATIONS = {"RNN": ["tanh"], "LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"]}
DIRECTIONS = {
    "forward": (False,),
    "reverse": (True,),
    "bidirectional": (False, True),
}  # whether reverse
PEEPHOLES = 7  # which input of an LSTM node
INSTALL = "`pip install 'rnnspec[onnx]'` installs what reads it"


def read_onnx(path: Path) -> Contents:
    """Each LSTM, GRU and RNN node as ``NODE.weight_hh_l0``; other initialisers as they are.

    Other nodes may move, join or cut an initialiser before it comes to the recurrent node.  Nodes
    in branches of other nodes count too.  An initialiser may lie in a file beside `path`.

    Raises
    ------
    Refusal
        If the package onnx is missing.
    """
    model = _load(path)
    versions = {imported.domain: imported.version for imported in model.opset_import}
    values = Values(path.parent, versions)
    arrays: dict[str, Any] = {}
    left_out: list[str] = []
    formula: dict[str, str] = {}
    kinds: set[str] = set()
    for node, scope in _nodes(model.graph, Scope(), values):
        kinds.add(node.op_type)
        if "LSTM" in node.op_type or "GRU" in node.op_type or node.op_type in NODES:
            name = _name(node, arrays)
            try:
                found = _weights(node, scope, values, left_out, name)
            except LeftOut as why:
                left_out.append(f"node {name} ({node.op_type}): {why}")
                continue
            arrays |= {f"{name}.{key}": W for key, W in found.items()}
            if reason := _other_formula(node, scope, values):
                formula[f"{name}."] = reason
    left_out += [
        f"function {function.name}: recurrent nodes in a function of the model are not read"
        for function in model.functions
        if any(node.op_type in NODES for node in function.node)
    ]
    others = values.others()
    if not arrays and not left_out and not any("weight_hh" in key for key in others):
        left_out.append(f"it has no LSTM, GRU or RNN node, but {', '.join(sorted(kinds)[:12])}")
    return Contents("onnx", others | arrays, tuple(left_out), formula)


def _load(path: Path) -> Any:
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise Refusal(f"{path} is an ONNX network: {INSTALL}") from error
    return onnx.load(path, load_external_data=False)


def _nodes(graph: Any, outer: Scope, values: Values) -> Iterator[tuple[Any, Scope]]:
    """Each node of `graph` and of the graphs inside, with the names that it sees."""
    scope = values.scope(graph, outer)
    for node in graph.node:
        yield node, scope
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner, scope, values)


def _name(node: Any, taken: dict[str, Any]) -> str:
    """The name of the node, with a number if another node has the same name."""
    name = str(node.name or node.op_type).strip("/").replace("/", ".")
    names = [name, *(f"{name}_{k}" for k in range(2, len(taken) + 3))]
    return next(n for n in names if not any(key.startswith(f"{n}.") for key in taken))


def _weights(
    node: Any, scope: Scope, values: Values, left_out: list[str], name: str
) -> dict[str, NDArray[Any]]:
    """The weights of `node` by PyTorch's names; what is left out of them is added to `left_out`."""
    if node.domain not in ("", "ai.onnx") or node.op_type not in NODES:
        raise LeftOut(
            f"a node of the domain {node.domain or 'ai.onnx'}, which keeps its weights in another"
            " way (quantised? bring the network before its quantisation)"
        )
    cell, order = NODES[node.op_type]
    direction = _attributes(node).get("direction", b"forward").decode().lower()
    sides = DIRECTIONS.get(direction, ())
    g = n_gates(cell)
    R = values.at(node, 2, scope)
    if R is None or R.ndim != 3 or len(R) != len(sides) or R.shape[1] != g * R.shape[2]:
        shape = None if R is None else R.shape
        raise LeftOut(f"its recurrent weight must have shape ({len(sides)}, {g}*h, h), got {shape}")
    found: dict[str, NDArray[Any]] = {}
    try:
        W, B = (values.at(node, k, scope) for k in (1, 3))
    except LeftOut as why:  # the recurrent weights are known all the same
        left_out.append(f"node {name} ({node.op_type}): weights of its input: {why}")
        W = B = None
    for side, reverse in enumerate(sides):
        parts = {"weight_hh": R[side]}
        if W is not None:
            parts["weight_ih"] = W[side]
        if B is not None:
            parts["bias_ih"], parts["bias_hh"] = np.split(B[side], 2)
        found |= {
            part + weight_suffix(0, reverse): reorder_gates(A, order) for part, A in parts.items()
        }
    return found


def _other_formula(node: Any, scope: Scope, values: Values) -> str:
    """Why the formula is not that of PyTorch's cell of the same name; "" if it is."""
    attributes = _attributes(node)
    usual = ACTIVATIONS[node.op_type]
    given: list[str] = [a.decode().lower() for a in attributes.get("activations", [])]
    if given and any(a != usual[k % len(usual)] for k, a in enumerate(given)):
        return f"its activations are {', '.join(given)}, not {', '.join(usual)}"
    if node.op_type == "GRU" and not attributes.get("linear_before_reset", 0):
        return "it resets the state before the product with the weights (linear_before_reset=0)"
    if attributes.get("clip"):
        return f"it clips the sums in its gates at {float(attributes['clip']):g}"
    if attributes.get("input_forget"):
        return "its input gate is 1 - forget (input_forget=1)"
    if node.op_type == "LSTM" and len(node.input) > PEEPHOLES and node.input[PEEPHOLES]:
        try:
            P = values.at(node, PEEPHOLES, scope)
        except LeftOut:
            P = None
        if P is None or P.any():
            return "its gates read the cell state (peepholes)"
    return ""


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {a.name: helper.get_attribute_value(a) for a in node.attribute}
