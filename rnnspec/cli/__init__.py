"""The command line: one command per file, imported when it is called."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import NoReturn, TextIO

import click

from rnnspec import __version__

COMMANDS = ("train", "pseudospectrum", "measure", "robustness", "study", "report", "datasets")


_held: list[str] = []  # what is said of a source: it comes with the answer, not before an error


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"rnnspec.cli.{name}"), name)
        return command


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
    """Run a command; bad input is one line on stderr and exit code 2.

    A warning is one line on stderr, and nothing under ``--quiet``.
    Exit codes: 0 done, 1 failed, 2 bad usage or bad input, 130 interrupted.
    ``RNNSPEC_DEBUG=1`` shows the traceback.
    """
    if os.environ.get("RNNSPEC_DEBUG") == "1":
        sys.exit(cli(standalone_mode=False))
    _held.clear()
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        _run()


def _run() -> None:
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
    """Whether this is LAPACK's failure, a ValueError that no input of the user's explains."""
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
    text = "Warning: " + " ".join(str(message).split())
    if getattr(category, "with_the_answer", False):
        _held.append(text)
    else:
        print(text, file=sys.stderr)


def fail(message: str, code: int) -> NoReturn:
    """Print one line on stderr and leave."""
    print("Error: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(code)
