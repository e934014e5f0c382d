"""Named test matrices: what each one shows, and who wrote about it first.

Every function returns a new float64 array; the random ones take a seed.
"""

from __future__ import annotations

from rnnspec.spectra.gallery.classics import companion as companion
from rnnspec.spectra.gallery.classics import demmel as demmel
from rnnspec.spectra.gallery.classics import godunov as godunov
from rnnspec.spectra.gallery.classics import kahan as kahan
from rnnspec.spectra.gallery.random import ginibre as ginibre
from rnnspec.spectra.gallery.random import random_orthogonal as random_orthogonal
from rnnspec.spectra.gallery.random import random_triangular as random_triangular
from rnnspec.spectra.gallery.shifts import cyclic_shift as cyclic_shift
from rnnspec.spectra.gallery.shifts import delay_line as delay_line
from rnnspec.spectra.gallery.shifts import jordan as jordan
from rnnspec.spectra.gallery.toeplitz import convection_diffusion as convection_diffusion
from rnnspec.spectra.gallery.toeplitz import grcar as grcar
from rnnspec.spectra.gallery.toeplitz import limacon as limacon
