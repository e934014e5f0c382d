"""Compiled code is never older than its source.

numba's cache looks only at the file of a function.  Were something that it compiles in to come
from a second file, an edit of that file would change nothing, in a clone or after an upgrade.
So every file that compiles takes nothing from another file of rnnspec: no function, no constant,
and no named tuple, whose fields compiled code reads by their position.
"""

import ast
from pathlib import Path

import numpy as np
import pytest
from numba.core import types

import rnnspec
from rnnspec.spectra.engine import kernels
from rnnspec.spectra.engine.dense import Resolvent
from rnnspec.spectra.engine.ritz import SHARP, has_converged

ROOT = Path(rnnspec.__file__).parent


def imported(path):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def compiled_files():
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if any(module.partition(".")[0] in ("numba", "llvmlite") for module in imported(path))
    ]


def test_there_is_compiled_code():
    assert Path(kernels.__file__) in compiled_files()


@pytest.mark.parametrize("path", compiled_files(), ids=lambda path: path.stem)
def test_a_compiled_file_takes_nothing_from_another_file(path):
    assert not [module for module in imported(path) if module.startswith(("rnnspec", "."))]


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_both_iterations_stop_by_one_rule(iterations):
    rng = np.random.default_rng(iterations)
    told = set()
    for _ in range(300):
        alphas, betas = rng.uniform(0.01, 1, iterations), 0.1 * rng.random(iterations - 1)
        theta = np.linalg.eigvalsh(np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1))[-1]
        residual, tol = theta * 10 ** rng.uniform(-14, 0), 10 ** rng.uniform(-12, -1)
        state = np.zeros(7 * kernels.LANES)
        state[[kernels.THETA, kernels.RESIDUAL]] = theta, residual
        state[kernels.SQUARES] = (alphas**2).sum() + 2 * (betas**2).sum()
        columns = [[np.full(1, x) for x in values] for values in (alphas, betas)]
        done = has_converged(*columns, np.full(1, theta), np.full(1, residual), tol)
        assert kernels.is_done(state, 0, iterations - 1, tol, SHARP) == done
        told.add(bool(done))
    assert told == {True, False}


def test_a_compiled_function_is_given_no_type_of_another_file():
    Resolvent(rnnspec.gallery.grcar(20)).sigma_min(np.array([1j]), tol=1e-3)
    # One signature for each layout of the arrays that this process has met.
    kinds = [kind for signature in kernels.lanczos.signatures for kind in signature]
    tuples = [kind for kind in kinds if isinstance(kind, types.BaseNamedTuple)]
    assert {kind.instance_class.__module__ for kind in tuples} == {kernels.__name__}
