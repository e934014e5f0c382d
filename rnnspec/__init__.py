"""Stability and robustness of recurrent networks: the public names.

Each is imported when it is first used, so that ``rnnspec --help`` costs neither
torch nor scipy nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rnnspec._checks import ConvergenceWarning as ConvergenceWarning
    from rnnspec._checks import SanityWarning as SanityWarning
    from rnnspec.data.download import DatasetUnavailable as DatasetUnavailable
    from rnnspec.data.load import load_dataset as load_dataset
    from rnnspec.data.sequences import DataSplits as DataSplits
    from rnnspec.data.sequences import SequenceDataset as SequenceDataset
    from rnnspec.dynamics.bands import StabilityBands as StabilityBands
    from rnnspec.dynamics.bands import stability_bands as stability_bands
    from rnnspec.dynamics.contraction import Contraction as Contraction
    from rnnspec.dynamics.contraction import contraction_check as contraction_check
    from rnnspec.dynamics.exponents import LyapunovSpectrum as LyapunovSpectrum
    from rnnspec.dynamics.fixed_points import FixedPoints as FixedPoints
    from rnnspec.dynamics.fixed_points import fixed_points as fixed_points
    from rnnspec.dynamics.gradients import GradientProfile as GradientProfile
    from rnnspec.dynamics.gradients import gradient_profile as gradient_profile
    from rnnspec.dynamics.growth import FiniteTimeGrowth as FiniteTimeGrowth
    from rnnspec.dynamics.growth import finite_time_growth as finite_time_growth
    from rnnspec.dynamics.jacobian import jacobian_products as jacobian_products
    from rnnspec.dynamics.jacobian import mean_jacobian as mean_jacobian
    from rnnspec.dynamics.jacobian import state_jacobians as state_jacobians
    from rnnspec.dynamics.lyapunov import lyapunov_spectrum as lyapunov_spectrum
    from rnnspec.dynamics.projection import PrincipalAxes as PrincipalAxes
    from rnnspec.dynamics.projection import principal_axes as principal_axes
    from rnnspec.dynamics.trajectory import state_trajectory as state_trajectory
    from rnnspec.models.checkpoint import load_matrices as load_matrices
    from rnnspec.models.classifier import SequenceClassifier as SequenceClassifier
    from rnnspec.models.keys import AssumptionWarning as AssumptionWarning
    from rnnspec.models.keys import LeftOutWarning as LeftOutWarning
    from rnnspec.models.recurrent import recurrent_matrices as recurrent_matrices
    from rnnspec.models.recurrent import stacked_matrices as stacked_matrices
    from rnnspec.report.before_after import plot_before_after as plot_before_after
    from rnnspec.report.correlations import plot_correlations as plot_correlations
    from rnnspec.report.linearisation import plot_linearisations as plot_linearisations
    from rnnspec.report.lyapunov import plot_lyapunov as plot_lyapunov
    from rnnspec.report.marks import draw_numerical_range as draw_numerical_range
    from rnnspec.report.marks import mark_distance_to_instability as mark_distance_to_instability
    from rnnspec.report.marks import mark_pseudospectral_radius as mark_pseudospectral_radius
    from rnnspec.report.modes import plot_perturbation as plot_perturbation
    from rnnspec.report.modes import plot_pseudomode as plot_pseudomode
    from rnnspec.report.monitor import plot_monitor as plot_monitor
    from rnnspec.report.motion import plot_gradient_profile as plot_gradient_profile
    from rnnspec.report.motion import plot_growth as plot_growth
    from rnnspec.report.motion import plot_stability_bands as plot_stability_bands
    from rnnspec.report.plots import plot_pseudospectrum as plot_pseudospectrum
    from rnnspec.report.plots import plot_spectra as plot_spectra
    from rnnspec.report.plots import plot_transient_bounds as plot_transient_bounds
    from rnnspec.report.plots import plot_transient_growth as plot_transient_growth
    from rnnspec.report.robustness import plot_minimal as plot_minimal
    from rnnspec.report.robustness import plot_robustness as plot_robustness
    from rnnspec.report.robustness import plot_weights as plot_weights
    from rnnspec.report.state_space import plot_state_space as plot_state_space
    from rnnspec.report.study import plot_pareto as plot_pareto
    from rnnspec.report.study import plot_runs as plot_runs
    from rnnspec.report.study import plot_study as plot_study
    from rnnspec.report.surface import plot_surface as plot_surface
    from rnnspec.robustness.budget import BudgetExceeded as BudgetExceeded
    from rnnspec.robustness.corruptions import corrupt as corrupt
    from rnnspec.robustness.curve import robustness_curve as robustness_curve
    from rnnspec.robustness.kick import kick as kick
    from rnnspec.robustness.minimal import MinimalPerturbations as MinimalPerturbations
    from rnnspec.robustness.minimal import minimal_perturbations as minimal_perturbations
    from rnnspec.robustness.result import RobustnessCurve as RobustnessCurve
    from rnnspec.robustness.threat import Threat as Threat
    from rnnspec.robustness.victim import under_attack as under_attack
    from rnnspec.robustness.weights import weight_robustness as weight_robustness
    from rnnspec.spectra import gallery as gallery
    from rnnspec.spectra.bracket import Bracket as Bracket
    from rnnspec.spectra.crisscross import pseudospectral_abscissa as pseudospectral_abscissa
    from rnnspec.spectra.crisscross import pseudospectral_radius as pseudospectral_radius
    from rnnspec.spectra.defectiveness import distance_to_defective as distance_to_defective
    from rnnspec.spectra.defectiveness import eigenvalue_conditions as eigenvalue_conditions
    from rnnspec.spectra.eigen import eigenvalues as eigenvalues
    from rnnspec.spectra.eigen import spectral_abscissa as spectral_abscissa
    from rnnspec.spectra.eigen import spectral_norm as spectral_norm
    from rnnspec.spectra.eigen import spectral_radius as spectral_radius
    from rnnspec.spectra.kreiss import kreiss_constant as kreiss_constant
    from rnnspec.spectra.measures import StabilityMeasures as StabilityMeasures
    from rnnspec.spectra.measures import measure as measure
    from rnnspec.spectra.nonnormality import commutator_norm as commutator_norm
    from rnnspec.spectra.nonnormality import eigenvector_condition as eigenvector_condition
    from rnnspec.spectra.nonnormality import henrici_departure as henrici_departure
    from rnnspec.spectra.nonnormality import numerical_abscissa as numerical_abscissa
    from rnnspec.spectra.numerical_range import numerical_radius as numerical_radius
    from rnnspec.spectra.numerical_range import numerical_range as numerical_range
    from rnnspec.spectra.pseudomode import Pseudomode as Pseudomode
    from rnnspec.spectra.pseudomode import pseudomode as pseudomode
    from rnnspec.spectra.pseudospectrum import Pseudospectrum as Pseudospectrum
    from rnnspec.spectra.pseudospectrum import pseudospectrum as pseudospectrum
    from rnnspec.spectra.real_radius import stability_radius_real as stability_radius_real
    from rnnspec.spectra.resolvent import sigma_min as sigma_min
    from rnnspec.spectra.stability import distance_to_instability as distance_to_instability
    from rnnspec.spectra.transient import TransientGrowth as TransientGrowth
    from rnnspec.spectra.transient import transient_growth as transient_growth
    from rnnspec.spectra.transient_bounds import transient_bounds as transient_bounds
    from rnnspec.study.claims import claims as claims
    from rnnspec.study.estimate import Claim as Claim
    from rnnspec.study.estimate import Estimate as Estimate
    from rnnspec.study.plan import read_plan as read_plan
    from rnnspec.study.results import read_results as read_results
    from rnnspec.study.runner import run_study as run_study
    from rnnspec.study.runs import runs_of as runs_of
    from rnnspec.training.adversarial import Adversarial as Adversarial
    from rnnspec.training.curvature import CurvaturePenalty as CurvaturePenalty
    from rnnspec.training.exact import bake as bake
    from rnnspec.training.loop import train as train
    from rnnspec.training.monitor import SpectralMonitor as SpectralMonitor
    from rnnspec.training.normalization import Normalize as Normalize
    from rnnspec.training.normalization import normalize_recurrent as normalize_recurrent
    from rnnspec.training.result import TrainedRun as TrainedRun
    from rnnspec.training.state import TrainingDiverged as TrainingDiverged

_HOME = {
    "ConvergenceWarning": "rnnspec._checks",
    "load_dataset": "rnnspec.data.load",
    "SequenceDataset": "rnnspec.data.sequences",
    "DataSplits": "rnnspec.data.sequences",
    "DatasetUnavailable": "rnnspec.data.download",
    "SequenceClassifier": "rnnspec.models.classifier",
    "recurrent_matrices": "rnnspec.models.recurrent",
    "stacked_matrices": "rnnspec.models.recurrent",
    "load_matrices": "rnnspec.models.checkpoint",
    "LeftOutWarning": "rnnspec.models.keys",
    "AssumptionWarning": "rnnspec.models.keys",
    "Normalize": "rnnspec.training.normalization",
    "Adversarial": "rnnspec.training.adversarial",
    "CurvaturePenalty": "rnnspec.training.curvature",
    "bake": "rnnspec.training.exact",
    "normalize_recurrent": "rnnspec.training.normalization",
    "train": "rnnspec.training.loop",
    "SpectralMonitor": "rnnspec.training.monitor",
    "plot_monitor": "rnnspec.report.monitor",
    "TrainedRun": "rnnspec.training.result",
    "TrainingDiverged": "rnnspec.training.state",
    "spectral_radius": "rnnspec.spectra.eigen",
    "spectral_abscissa": "rnnspec.spectra.eigen",
    "spectral_norm": "rnnspec.spectra.eigen",
    "eigenvalues": "rnnspec.spectra.eigen",
    "henrici_departure": "rnnspec.spectra.nonnormality",
    "commutator_norm": "rnnspec.spectra.nonnormality",
    "eigenvector_condition": "rnnspec.spectra.nonnormality",
    "numerical_abscissa": "rnnspec.spectra.nonnormality",
    "transient_growth": "rnnspec.spectra.transient",
    "TransientGrowth": "rnnspec.spectra.transient",
    "pseudospectrum": "rnnspec.spectra.pseudospectrum",
    "Pseudospectrum": "rnnspec.spectra.pseudospectrum",
    "sigma_min": "rnnspec.spectra.resolvent",
    "Bracket": "rnnspec.spectra.bracket",
    "distance_to_instability": "rnnspec.spectra.stability",
    "stability_radius_real": "rnnspec.spectra.real_radius",
    "kreiss_constant": "rnnspec.spectra.kreiss",
    "numerical_range": "rnnspec.spectra.numerical_range",
    "numerical_radius": "rnnspec.spectra.numerical_range",
    "pseudospectral_radius": "rnnspec.spectra.crisscross",
    "pseudospectral_abscissa": "rnnspec.spectra.crisscross",
    "eigenvalue_conditions": "rnnspec.spectra.defectiveness",
    "distance_to_defective": "rnnspec.spectra.defectiveness",
    "transient_bounds": "rnnspec.spectra.transient_bounds",
    "pseudomode": "rnnspec.spectra.pseudomode",
    "Pseudomode": "rnnspec.spectra.pseudomode",
    "measure": "rnnspec.spectra.measures",
    "StabilityMeasures": "rnnspec.spectra.measures",
    "plot_pseudospectrum": "rnnspec.report.plots",
    "plot_spectra": "rnnspec.report.plots",
    "plot_transient_growth": "rnnspec.report.plots",
    "plot_transient_bounds": "rnnspec.report.plots",
    "plot_pseudomode": "rnnspec.report.modes",
    "plot_perturbation": "rnnspec.report.modes",
    "plot_surface": "rnnspec.report.surface",
    "plot_robustness": "rnnspec.report.robustness",
    "plot_minimal": "rnnspec.report.robustness",
    "plot_weights": "rnnspec.report.robustness",
    "mark_pseudospectral_radius": "rnnspec.report.marks",
    "mark_distance_to_instability": "rnnspec.report.marks",
    "draw_numerical_range": "rnnspec.report.marks",
    "Threat": "rnnspec.robustness.threat",
    "robustness_curve": "rnnspec.robustness.curve",
    "RobustnessCurve": "rnnspec.robustness.result",
    "SanityWarning": "rnnspec._checks",
    "under_attack": "rnnspec.robustness.victim",
    "BudgetExceeded": "rnnspec.robustness.budget",
    "corrupt": "rnnspec.robustness.corruptions",
    "kick": "rnnspec.robustness.kick",
    "minimal_perturbations": "rnnspec.robustness.minimal",
    "MinimalPerturbations": "rnnspec.robustness.minimal",
    "weight_robustness": "rnnspec.robustness.weights",
    "fixed_points": "rnnspec.dynamics.fixed_points",
    "FixedPoints": "rnnspec.dynamics.fixed_points",
    "state_jacobians": "rnnspec.dynamics.jacobian",
    "mean_jacobian": "rnnspec.dynamics.jacobian",
    "jacobian_products": "rnnspec.dynamics.jacobian",
    "state_trajectory": "rnnspec.dynamics.trajectory",
    "lyapunov_spectrum": "rnnspec.dynamics.lyapunov",
    "plot_lyapunov": "rnnspec.report.lyapunov",
    "LyapunovSpectrum": "rnnspec.dynamics.exponents",
    "principal_axes": "rnnspec.dynamics.projection",
    "PrincipalAxes": "rnnspec.dynamics.projection",
    "plot_state_space": "rnnspec.report.state_space",
    "plot_linearisations": "rnnspec.report.linearisation",
    "gallery": "rnnspec.spectra.gallery",
    "FiniteTimeGrowth": "rnnspec.dynamics.growth",
    "finite_time_growth": "rnnspec.dynamics.growth",
    "GradientProfile": "rnnspec.dynamics.gradients",
    "gradient_profile": "rnnspec.dynamics.gradients",
    "StabilityBands": "rnnspec.dynamics.bands",
    "stability_bands": "rnnspec.dynamics.bands",
    "Contraction": "rnnspec.dynamics.contraction",
    "contraction_check": "rnnspec.dynamics.contraction",
    "plot_growth": "rnnspec.report.motion",
    "plot_gradient_profile": "rnnspec.report.motion",
    "plot_stability_bands": "rnnspec.report.motion",
    "claims": "rnnspec.study.claims",
    "Claim": "rnnspec.study.estimate",
    "Estimate": "rnnspec.study.estimate",
    "read_plan": "rnnspec.study.plan",
    "run_study": "rnnspec.study.runner",
    "read_results": "rnnspec.study.results",
    "runs_of": "rnnspec.study.runs",
    "plot_before_after": "rnnspec.report.before_after",
    "plot_correlations": "rnnspec.report.correlations",
    "plot_pareto": "rnnspec.report.study",
    "plot_runs": "rnnspec.report.study",
    "plot_study": "rnnspec.report.study",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    """Import the module that holds `name` on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'rnnspec' has no attribute {name!r}")
    module = import_module(_HOME[name])
    return module if name == "gallery" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
