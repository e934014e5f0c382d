"""Stability and robustness of recurrent networks.

Here stand the functions of a matrix and the names that most scripts need.  Everything else is in
one of the rooms, which are subpackages: `spectra`, `models`, `data`, `training`, `dynamics`,
`robustness`, `study`, `plots`.  A name is imported when it is first used, so that
``rnnspec --help`` need not import torch, scipy or matplotlib.
"""

from __future__ import annotations

from os.path import isdir, join

import lazy_loader

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """Import what has the name, or say in which room it is."""
    try:
        return _load(name)
    except AttributeError:
        raise AttributeError(f"module 'rnnspec' has no attribute {name!r}{_hint(name)}") from None


def _hint(name: str) -> str:
    """Say in which room a public name is; a figure was once called ``plot_NAME``."""
    for folder in __all__:
        if not name.startswith("_") and isdir(join(__path__[0], folder)):
            for one in (name, name.removeprefix("plot_")):
                if one in dir(_load(folder)):
                    return f"; it is in a room: rnnspec.{folder}.{one}"
    return ""
