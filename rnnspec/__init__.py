"""Stability and robustness of recurrent networks.

Here stand the functions of a matrix and the names that most scripts need.  Everything else is in
one of the rooms, which are subpackages: `spectra`, `models`, `data`, `training`, `dynamics`,
`robustness`, `study`, `plots`.  A name is imported when it is first used, so that
``rnnspec --help`` need not import torch, scipy or matplotlib.
"""

from __future__ import annotations

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
