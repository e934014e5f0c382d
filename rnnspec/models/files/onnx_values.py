"""The constants in an ONNX graph that are the input of a node.

Between a constant and that node there may be others that only move its numbers.
"""

from __future__ import annotations

from collections import ChainMap
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import LARGEST
from rnnspec.models.files.refusal import LeftOut, reason

# Nodes that are computed here, by the reference implementation of ONNX.
MOVERS = (
    "Cast Concat Constant DequantizeLinear Gather Identity Reshape Slice Split Squeeze Transpose"
    " Unsqueeze"
).split()

Scope = ChainMap[str, Any]  # from a name to its initialiser or to the node that computes it


class Values:
    """The constants of a graph by their names, each computed once."""

    def __init__(self, folder: Path, versions: dict[str, int]) -> None:
        self.folder = folder  # of initialisers that lie in files of their own
        self.versions = versions  # of the operators, by domain
        self._initialisers: list[Any] = []
        self._known: dict[int, tuple[Any, dict[str, NDArray[Any]]]] = {}

    def scope(self, graph: Any, outer: Scope) -> Scope:
        """The names that the nodes of `graph` may use: its own and those of graphs around it."""
        made = {name: node for node in graph.node for name in node.output if name}
        own = {tensor.name: tensor for tensor in graph.initializer}
        self._initialisers += own.values()
        sparse = {tensor.values.name: tensor for tensor in graph.sparse_initializer}
        return outer.new_child(made | own | sparse)

    def at(self, node: Any, number: int, scope: Scope) -> NDArray[Any] | None:
        """The input with this number of `node`; None if it has none.

        Raises
        ------
        LeftOut
            If it is not a constant, or its file cannot be read.
        """
        name = node.input[number] if len(node.input) > number else ""
        return self._value(name, scope, ()) if name else None

    def others(self) -> dict[str, NDArray[Any]]:
        """The initialisers that were not used as weights of a node."""
        found: dict[str, NDArray[Any]] = {}
        for tensor in self._initialisers:
            if id(tensor) not in self._known and tensor.name not in found and tensor.dims:
                with suppress(LeftOut):
                    found[tensor.name] = self._values_of(tensor)
        return found

    def _value(self, name: str, scope: Scope, above: tuple[str, ...]) -> NDArray[Any]:
        """The constant `name`; `above` are the names that are computed from it."""
        source = scope.get(name)
        if source is None or name in above:
            raise LeftOut(f"{name} is no constant, but what the network is given when it runs")
        if hasattr(source, "indices"):
            raise LeftOut(f"{name} is a sparse initialiser, which is not read: make it dense")
        if id(source) not in self._known:
            tensor = hasattr(source, "data_type")
            found = (
                {name: self._values_of(source)}
                if tensor
                else self._compute(source, scope, (*above, name))
            )
            self._known[id(source)] = (source, found)
        return self._known[id(source)][1][name]

    def _values_of(self, tensor: Any) -> NDArray[Any]:
        """The numbers of an initialiser, which may lie in a file of their own."""
        from onnx import numpy_helper

        try:
            return numpy_helper.to_array(tensor, str(self.folder))
        except Exception as error:  # a file that is missing, or outside the folder
            why = f"the initialiser {tensor.name} cannot be read ({reason(error)})"
            raise LeftOut(why) from error

    def _compute(self, node: Any, scope: Scope, above: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """The outputs of a node that moves constants."""
        from onnx.reference import ReferenceEvaluator

        if node.op_type not in MOVERS or node.domain not in ("", "ai.onnx"):
            raise LeftOut(
                f"{above[-1]} is computed by a node {node.op_type} when the network runs (of"
                " constants? fold them: onnxsim does)"
            )
        given = {name: self._value(name, scope, above) for name in node.input if name}
        if sum(np.size(value) for value in given.values()) > LARGEST:
            raise LeftOut(f"{above[-1]} is computed from more than {LARGEST} numbers")
        try:
            results = ReferenceEvaluator(node, opsets=self.versions).run(None, given)
        except Exception as error:  # attributes or shapes that are wrong
            raise LeftOut(f"{above[-1]} cannot be computed ({reason(error)})") from error
        return dict(zip(node.output, map(np.asarray, results), strict=False))
