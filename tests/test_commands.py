import json
import os
import re
import subprocess
import sys
import warnings
from importlib import metadata

import click
import numpy as np
import pytest

import rnnspec
from rnnspec.cli import cli
from rnnspec.models.checkpoint import save_weights

HEAVY = ("torch", "numpy", "scipy", "matplotlib", "sklearn", "rich", "pooch")


def commands(command=cli, path=()):
    """Each command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


COMMANDS = dict(commands())
LEAVES = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]
named = pytest.mark.parametrize("path", LEAVES, ids="-".join)


def test_the_promised_commands_are_there():
    promised = {("train",), ("pseudospectrum",), ("measure",), ("robustness",)}
    promised |= {("datasets", name) for name in ("list", "info", "fetch")}
    assert promised <= set(LEAVES)


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: "-".join(path) or "rnnspec")
def test_help_says_what_it_does_and_shows_an_example(path, program):
    code, out, err = program(*path, "--help")
    assert (code, err) == (0, "")
    assert COMMANDS[path].help.strip().splitlines()[0] in out
    assert f"rnnspec {' '.join(path)}".strip() in out.partition("Example")[2]


@named
def test_every_command_has_quiet_and_json(path):
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert {"--quiet", "--json"} <= options


@named
def test_every_option_says_something(path):
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            sentence = re.sub(r"\[default: .*?\]", "", parameter.help or "")
            assert sentence.strip(), parameter.name


@named
def test_help_says_what_quiet_means(path, program):
    shown = " ".join(program(*path, "--help").out.split())
    assert "Print only errors, and with --json the document." in shown


def test_the_list_of_commands_has_whole_sentences(program):
    from rnnspec.cli import COMMANDS as LINES

    listed = program("--help").out.partition("Commands:\n")[2]
    for name, line in LINES.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", listed, re.MULTILINE)


def outside(code, *arguments, **variables):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | variables,
    )


MAIN = "import sys; sys.argv[0] = 'rnnspec'; from rnnspec.cli import main; main()"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments):
    code = (
        "import atexit, sys; sys.argv[0] = 'rnnspec'\n"
        f"heavy = {HEAVY}\n"
        "report = lambda: print(sorted(set(heavy) & set(sys.modules)), file=sys.stderr)\n"
        "atexit.register(report)\n" + MAIN
    )
    done = outside(code, *arguments)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "rnnspec" in done.stdout


def test_the_list_of_commands_imports_none_of_them():
    code = (
        "import atexit, sys; sys.argv[0] = 'rnnspec'\n"
        "loaded = lambda: print([m for m in sys.modules if m.startswith('rnnspec.cli.')])\n"
        "atexit.register(loaded)\n" + MAIN
    )
    assert outside(code, "--help").stdout.endswith("\n[]\n")


def test_the_installed_program_tells_its_version():
    (entry,) = metadata.entry_points(group="console_scripts", name="rnnspec")
    assert entry.value == "rnnspec.cli:main"
    done = outside(MAIN, "--version")
    assert (done.returncode, done.stdout) == (0, f"rnnspec, version {rnnspec.__version__}\n")
    assert metadata.version("rnnspec") == rnnspec.__version__


@pytest.fixture
def sources(tmp_path):
    np.save(tmp_path / "a.npy", np.diag([0.5, -0.25]))
    model = rnnspec.SequenceClassifier("gru", 2, 3, 4)
    save_weights(tmp_path / "w.safetensors", model.state_dict())
    return tmp_path


SMALL = ("--hidden", 3, "--epochs", 1, "--batch-size", 500)
JSON = {
    ("train",): lambda folder: (*SMALL, "--out", folder / "run"),
    ("pseudospectrum",): lambda folder: (folder / "w.safetensors", "--grid", 5),
    ("measure",): lambda folder: (folder / "w.safetensors",),
    ("datasets", "list"): lambda _: (),
    ("datasets", "info"): lambda _: ("digits",),
    ("datasets", "fetch"): lambda _: ("digits",),
}


@named
def test_json_is_one_document_and_nothing_else(path, sources, program, monkeypatch):
    if path not in JSON:
        pytest.skip("tested with its own command")
    monkeypatch.setenv("RNNSPEC_OFFLINE", "1")
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    code, out, _ = program(*path, *JSON[path](sources), "--json")
    assert code == 0
    assert isinstance(json.loads(out, parse_constant=pytest.fail), dict)


@named
def test_quiet_prints_nothing_and_json_the_document_still(path, sources, program, monkeypatch):
    if path not in JSON:
        pytest.skip("tested with its own command")
    monkeypatch.setenv("RNNSPEC_OFFLINE", "1")
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    assert program(*path, *JSON[path](sources), "--quiet") == (0, "", "")
    again = ("--resume",) if path == ("train",) else ()
    code, out, err = program(*path, *JSON[path](sources), *again, "--quiet", "--json")
    assert (code, err) == (0, "")
    assert isinstance(json.loads(out), dict)


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line_and_none_when_quiet(sources, program, monkeypatch):
    def warn(*_):
        warnings.warn("not quite\n  there", rnnspec.ConvergenceWarning, stacklevel=1)
        return {"a": np.eye(2) / 2}

    monkeypatch.setattr("rnnspec.models.matrices.load_matrices", warn)
    assert program("measure", sources / "a.npy", "--json").err == "Warning: not quite there\n"
    assert program("measure", sources / "a.npy", "--quiet") == (0, "", "")
    assert program("measure", sources / "a.npy", "--json").err.startswith("Warning: ")


@pytest.mark.parametrize("path", [(), ("datasets",)])
def test_a_group_alone_shows_its_help(path, program):
    code, out, err = program(*path)
    assert (code, out) == (2, "")
    assert "Commands:\n" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("frobnicate",), "No such command 'frobnicate'"),
        (("measure",), "Missing argument 'SOURCE'"),
        (("measure", "a.npy", "--epsilonn", "1"), "No such option"),
        (("train", "--cell", "elman"), "'elman' is not one of 'rnn', 'lstm', 'gru'"),
        (("train", "--epochs", "many"), "'many' is not a valid integer"),
        (("measure", "nowhere.npy"), "nowhere.npy does not exist"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(arguments, message, refused):
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ValueError("two\n  lines"), 2, "Error: two lines\n"),
        (RuntimeError("broken"), 1, "Error: RuntimeError: broken (RNNSPEC_DEBUG=1 shows where)\n"),
        (np.linalg.LinAlgError("SVD"), 1, "Error: LinAlgError: SVD (RNNSPEC_DEBUG=1 shows"),
        (OSError(28, "No space left"), 1, "Error: OSError: [Errno 28] No space left (RNN"),
        (KeyboardInterrupt(), 130, "Error: interrupted\n"),
        (click.Abort(), 130, "Error: interrupted\n"),
        (click.UsageError("no"), 2, "Error: no\n"),
        (SystemExit(3), 3, ""),
    ],
)
def test_exit_codes(error, code, message, sources, program, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr("rnnspec.models.matrices.load_matrices", fail)
    called = program("measure", sources / "a.npy")
    assert (called.code, called.out) == (code, "")
    assert called.err.lstrip().startswith(message)
    assert called.err.strip().count("\n") == 0


def test_debug_keeps_the_exit_code(program, monkeypatch):
    monkeypatch.setenv("RNNSPEC_DEBUG", "1")
    monkeypatch.setattr("rnnspec.cli.cli", lambda **_: 1)
    assert program("study").code == 1


def test_debug_shows_the_traceback(sources):
    (sources / "bad.npy").write_text("")
    quiet = outside(MAIN, "measure", sources / "bad.npy")
    loud = outside(MAIN, "measure", sources / "bad.npy", RNNSPEC_DEBUG="1")
    assert quiet.returncode == 2
    assert quiet.stderr.count("\n") == 1
    assert loud.returncode != 0
    assert "Traceback" in loud.stderr
    assert "bad.npy is an empty file; expected" in loud.stderr
