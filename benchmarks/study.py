"""What does a study of many trainings say about accuracy, stability and robustness?

The script runs, or goes on with, one of the studies that come with rnnspec and prints its claims.
It keeps its tables, its claims and its central figure in ``benchmarks/results``, from where the
README has its numbers.  The wall time is compared with the processor time of the runs.
"""

import json
import os
import shutil
from pathlib import Path
from time import perf_counter
from typing import Any

import click

KEPT = ("study.toml", "results.csv", "curves.csv", "claims.json")


@click.command()
@click.option("--preset", default="quick", show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--out", default=None, help="Folder of the study, default studies/PRESET.")
def study(preset: str, workers: int, out: str | None) -> None:
    """Run a preset, print its claims, and keep what the README shows of it."""
    os.environ["OMP_NUM_THREADS"] = "1"
    from benchmarks.record import RESULTS, report
    from rnnspec import plots
    from rnnspec.plots.figures import save_figure
    from rnnspec.study.results import read_results
    from rnnspec.study.runner import run_study
    from rnnspec.study.runs import runs_of
    from rnnspec.study.study_file import read_plan

    folder = Path(out or f"studies/{preset}")
    fresh, begin = not folder.exists(), perf_counter()
    done = run_study(read_plan(preset), folder, workers=workers, resume=not fresh)
    wall = perf_counter() - begin
    for claim in done.claims:
        click.echo(f"{claim.name}: {claim.sentence}")
    if done.failures:
        raise click.ClickException(f"{len(done.failures)} runs failed: {done.failures}")
    kept = RESULTS / preset
    kept.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        shutil.copyfile(folder / name, kept / name)
    save_figure(
        plots.study(runs_of(read_results(folder / "results.csv")))[0, 0], kept / "study.png"
    )
    if fresh:
        question = f"How long does the study {preset} take, over its runs' processor time?"
        report(f"study_{preset}", question, [times(folder, wall, workers)], small=False)


def times(folder: Path, wall: float, workers: int) -> dict[str, Any]:
    """The wall time, and its ratio to the processor time of all runs over the workers."""
    seals = [json.loads(path.read_text()) for path in folder.glob("cells/*/done.json")]
    spent = {
        part: sum(seal["cpu_seconds"][part] for seal in seals) for part in ("train", "measure")
    }
    whole = sum(spent.values())
    return {
        "runs": len(seals),
        "workers": workers,
        "wall seconds": wall,
        "training seconds": spent["train"],
        "measuring seconds": spent["measure"],
        "wall over all": wall * workers / whole,
        "wall over training": wall * workers / spent["train"],
        "at most": 1.25,
    }


if __name__ == "__main__":
    study()
