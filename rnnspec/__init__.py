"""Is my recurrent network stable, and how little does it take to break it?

The public names of the package.  Each is imported when it is first used, so
that ``rnnspec --help`` costs neither torch nor scipy nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rnnspec._checks import ConvergenceWarning as ConvergenceWarning

_HOME = {
    "ConvergenceWarning": "rnnspec._checks",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    """Import the module that holds `name` on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'rnnspec' has no attribute {name!r}")
    module = import_module(_HOME[name])
    return module if _HOME[name] == f"rnnspec.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
