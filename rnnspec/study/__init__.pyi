from .claims.claim import Claim as Claim
from .claims.verdicts import claims as claims
from .plan import read_plan as read_plan
from .results import read_results as read_results
from .runner import run_study as run_study
from .runs import runs_of as runs_of
from .statistics.estimate import Estimate as Estimate
