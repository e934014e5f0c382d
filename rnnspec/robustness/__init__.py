"""Perturbations of inputs, states and weights, at random or as harmful as can be found.

The file ``__init__.pyi`` lists the public names.  A name is imported when it is first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
