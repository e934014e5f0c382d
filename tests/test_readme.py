import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rnnspec import claims
from rnnspec.study import read_results

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, flags=re.M | re.S)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


def test_every_block_is_of_a_kind_that_is_run():
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "text", "toml"}


@pytest.mark.parametrize("block", blocks("python"))
def test_python_block_prints_what_its_comments_say(block, capsys):
    exec(compile(block, "README.md", "exec"), {})
    said = [line.removeprefix("# ") for line in block.splitlines() if line.startswith("# ")]
    assert capsys.readouterr().out.splitlines() == said


def commands():
    lines = "\n".join(blocks("sh")).splitlines()
    return [line.partition("#")[0].strip() for line in lines if line.strip()]


def test_commands_run_in_an_empty_folder(tmp_path):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    (study,) = blocks("toml")
    (tmp_path / "sine.toml").write_text(study)
    ours = [line for line in commands() if line.startswith("rnnspec ")]
    assert len(ours) >= 4
    for line in ours:
        done = subprocess.run(
            line.split(), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)
    assert (tmp_path / "forget.png").stat().st_size > 10_000


def test_the_two_commands_are_what_continuous_integration_runs():
    makes = [line for line in commands() if line.startswith("make ")]
    assert makes == ["make demo", "make test"]
    assert set(makes) <= set((ROOT / ".ci/run").read_text().splitlines())


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_table_is_that_of_the_committed_run_of_the_demo(capsys):
    from benchmarks.demo import print_rows, read_rows

    print_rows(read_rows(ROOT / "benchmarks/results/demo.json"))
    _, *printed = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in printed] == blocks("text")[0].splitlines()


def test_what_holds_on_any_processor_is_what_the_demo_checks():
    from benchmarks.demo import ACCURATE, ALIKE, BOUND, CELLS, LEVELS, PROMISES

    prose = " ".join(README.split())
    assert len(CELLS) * len({promise.normalize for promise in PROMISES}) == 9
    for sentence in (
        f"the spectral *radius* was held to at most {BOUND}:",
        f"the innermost contour, of ε = {LEVELS[0]:.2f}, reaches across the circle",
        f"the spectral *norm* was held to at most {BOUND}: no change below {1 - BOUND:.2f} makes",
        f"nine networks are right on at least {ACCURATE} of the test images",
        f"their accuracies differ by at most {ALIKE};",
        "with nothing bounded some gate is unstable (radius above 1)",
        f"with the radius bounded it is at most {BOUND},",
        "the distance to instability is less than a third of the margin 1 − radius",
        "grow at least threefold (`max |W^k|`) before they decay",
        f"with the norm bounded the distance is at least {1 - BOUND:.2f}, and no power grows",
    ):
        assert sentence in prose, sentence


def test_installation_comes_before_the_first_command():
    assert README.index("`pip install .`") < README.index("\nrnnspec ")


def test_data_sets_with_known_checksums_are_named():
    from rnnspec.data.registry import ARCHIVE_SHA256

    assert all(member.partition("_")[0] in README for member in ARCHIVE_SHA256)


def test_errors_of_the_estimates_are_those_measured():
    rows = json.loads((ROOT / "benchmarks/results/estimators.json").read_text())["rows"]
    tracked = [row for row in rows if row["estimator"] == "rayleigh"]
    prose = " ".join(README.split())

    def worst(quantity, *sizes):
        chosen = [r for r in tracked if r["quantity"] == quantity and r["hidden"] in sizes]
        assert {row["hidden"] for row in chosen} == set(sizes)
        return max(row["worst"] for row in chosen)

    assert 0.004 < worst("norm", 64, 128) < 0.005
    assert 0.002 < worst("radius", 64) < 0.003
    assert max(r["median"] for r in tracked if r["hidden"] == 64) < 1e-8
    (far,) = (
        r for r in tracked if (r["hidden"], r["quantity"], r["cell"]) == (128, "radius", "gru")
    )
    assert far["worst"] == worst("radius", 128)
    assert f"GRU was off by {far['worst']:.0%}".replace("%", " %") in prose
    assert f"the median one by {far['median']:.2%}".replace("%", " %") in prose
    power = {
        kind: max(r["worst"] for r in rows if (r["estimator"], r["quantity"]) == ("power", kind))
        for kind in ("radius", "norm")
    }
    told = f"up to {power['radius']:.0%} for the radius and {power['norm']:.0%} for the norm"
    assert told.replace("%", " %") in prose


def test_gains_of_robust_training_are_those_measured():
    path = ROOT / "benchmarks/results/robustness_training.json"
    rows = json.loads(path.read_text())["rows"]
    clean = [row for row in rows if row["epsilon"] == 0]
    assert all(row["robust"] >= row["plain"] for row in clean)
    at = {row["cell"]: row for row in rows if row["epsilon"] == 0.2}
    plain, robust = (
        "{:.3f}, {:.3f} and {:.3f}".format(*(at[cell][kind] for cell in ("rnn", "lstm", "gru")))
        for kind in ("plain", "robust")
    )
    assert f"rose from {plain} to {robust}" in " ".join(README.split())


def test_fragile_points_are_those_measured():
    rows = json.loads((ROOT / "benchmarks/results/fragile.json").read_text())["rows"]
    left, right = (row for row in rows if row.get("drawn"))
    others = [row for row in rows if not row.get("drawn")]
    prose = " ".join(README.split())
    assert f"leave a margin of {left['room']:.4f}" in prose
    assert f"right only {right['room']:.4f}" in prose
    assert f"norm {left['distance']:.4f} ends stability" in prose
    assert f"{left['room over distance']:.0f} times less than the margin" in prose
    assert f"takes a change of {right['distance']:.4f}" in prose
    assert len(others) == 6
    assert min(row["room over distance"] for row in others) > 5


def test_cost_of_the_monitor_is_that_measured():
    rows = json.loads((ROOT / "benchmarks/results/monitor.json").read_text())["rows"]
    (mnist,) = (row for row in rows if row["data"] == "mnist")
    digits = [row for row in rows if row["data"] == "digits"]
    prose = " ".join(README.split())
    assert f"this takes {mnist['every epoch']:.1%} of".replace("%", " %") in prose
    assert round(max(row["epoch ms"] for row in digits) / 1000, 1) == 0.1
    assert 0.02 < max(row["every third"] for row in digits) < 0.03
    assert (
        "takes a tenth of a second, and the monitor takes below 3 % of it with `every=3`" in prose
    )


def test_claims_are_those_of_the_study():
    folder = ROOT / "benchmarks/results/standard"
    kept = json.loads((folder / "claims.json").read_text())["claims"]
    prose = " ".join(README.split())
    assert len(kept) == 4
    assert all(claim["sentence"] in prose for claim in kept)
    again = claims(read_results(folder / "results.csv"))
    assert [claim.sentence for claim in again] == [claim["sentence"] for claim in kept]


def test_every_command_is_named():
    from rnnspec.cli import COMMANDS

    assert all(f"rnnspec {name}" in README for name in COMMANDS)
