"""The frame of the command line; each command is a file of its own, imported when it is called."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import NoReturn, TextIO

import click

from rnnspec import __version__

# The commands, in the order in which a user needs them, with what each does in one line.  The lines
# stand here so that `rnnspec --help` imports no command.
COMMANDS = {
    "train": "Train a recurrent classifier.",
    "pseudospectrum": "Compute and draw the pseudospectrum of a matrix.",
    "measure": "Measure stability and non-normality of matrices.",
    "robustness": "Measure how accuracy falls under perturbations.",
    "study": "Train and measure a grid of networks, and judge claims.",
    "report": "Write one HTML page that shows runs side by side.",
    "datasets": "List the data sets, and get their files.",
}

# Warnings about a source wait here for the answer, so that an error is the only line on stderr.
_held: list[str] = []


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command, or return None if there is none of this name."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"rnnspec.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rnnspec")
def cli() -> None:
    """Is my recurrent network stable, and how little does it take to break it?

    \b
    Example:
      rnnspec train --dataset digits --cell lstm --out runs/lstm
      rnnspec pseudospectrum runs/lstm --figure lstm.png
      rnnspec measure runs/lstm
      rnnspec robustness runs/lstm --epsilon 0,0.1,0.2
      rnnspec study --preset quick
    """  # noqa: D301, D400


def main() -> None:
    """Run the command that the arguments of the program name, and exit.

    Exit codes are 0 for done, 1 for failed, 2 for bad usage or bad input, 130 for interrupted.  An
    error is one line on stderr; ``RNNSPEC_DEBUG=1`` shows its traceback.  A warning is one line on
    stderr, or nothing under ``--quiet``.
    """
    if os.environ.get("RNNSPEC_DEBUG") == "1":
        sys.exit(cli(standalone_mode=False))
    _held.clear()
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        _run()


def _run() -> None:
    """Run the command, and turn each error into its line and exit code."""
    try:
        code = cli(standalone_mode=False)
        for text in _held:
            print(text, file=sys.stderr)
        sys.exit(code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("interrupted", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        fail(error.format_message(), 2)
    except Exception as error:
        if isinstance(error, ValueError) and not _is_numerical(error):
            fail(str(error), 2)
        fail(f"{type(error).__name__}: {error} (RNNSPEC_DEBUG=1 shows where)", 1)


def _is_numerical(error: ValueError) -> bool:
    """Tell whether LAPACK failed: a ValueError too, but one that no input explains."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(error, numpy.linalg.LinAlgError)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Write a warning as one line, now or with the answer (see ``_held``)."""
    text = "Warning: " + " ".join(str(message).split())
    if getattr(category, "with_the_answer", False):
        _held.append(text)
    else:
        print(text, file=sys.stderr)


def fail(message: str, code: int) -> NoReturn:
    """Print one line on stderr, and exit."""
    print("Error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(code)
