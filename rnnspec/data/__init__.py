"""Sequences: padded inputs, lengths, labels or targets, and their bounds.

The file ``__init__.pyi`` lists the public names.  A name is imported when it is first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
