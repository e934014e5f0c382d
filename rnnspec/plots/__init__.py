"""Figures: each function draws one kind of result into `ax`, and computes nothing.

Without `ax` it makes a new figure.  It returns the axes and never shows or saves them.  Settings
that the user has made in matplotlib are kept; the others are those of ``rnnspec.mplstyle``.

The file ``__init__.pyi`` lists the public names.  A name is imported when it is first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
