"""How long does `rnnspec --help` take, over `python -c "import click"`?"""

import subprocess
import sys
import time
from pathlib import Path

import click


@click.command()
@click.option("--small", is_flag=True, help="Run each twice instead of twenty times.")
def main(small: bool) -> None:
    """Run both commands in turns, and compare the shortest times."""
    from benchmarks.record import report

    commands = {
        "import click": [sys.executable, "-c", "import click"],
        "rnnspec --help": [str(Path(sys.executable).with_name("rnnspec")), "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(2 if small else 20):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(time.perf_counter() - started)
    base = min(times["import click"])
    rows = [
        {"command": name, "ms": 1e3 * min(seconds), "ratio": min(seconds) / base, "bound": 2.5}
        for name, seconds in times.items()
    ]
    report("cli", (__doc__ or "").strip(), rows, small=small)


if __name__ == "__main__":
    main()
