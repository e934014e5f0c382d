"""Stability and robustness of recurrent networks.

At the top stand the functions of a matrix and what most scripts need; everything else is reached
by its room: `spectra`, `models`, `data`, `training`, `dynamics`, `robustness`, `study`, `plots`.
Each name is imported when it is first used, so that ``rnnspec --help`` costs neither torch nor
scipy nor matplotlib.
"""

from __future__ import annotations

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
