"""The page as text: what it holds, that it is sound HTML, and what is refused."""

import base64
import dataclasses
import hashlib
import json
import re
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from rnnspec._files import write_json
from rnnspec.data.download import DatasetUnavailable
from rnnspec.report.page.page import page, write_page
from rnnspec.study import portrait as source
from rnnspec.study.matrix_portrait import portrait_of_matrix
from rnnspec.study.portrait import Portrait, portrait_of
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run

SHEAR = np.array([[0.5, 3.0], [0.0, 0.4]])
VOID = {"meta", "link", "img", "input", "br"}
CONFIG = TrainingConfig(cell="lstm", hidden=4, epochs=1, batch_size=500)


class Outline(HTMLParser):
    """Elements with their attributes, unclosed ones, and the text of scripts."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.scripts = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1].get("type"), data))

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


def bare(**matrices):
    found = {name: portrait_of_matrix(A, name) for name, A in matrices.items()}
    return Portrait("file.npz", found, {})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_run(CONFIG, folder)
    return folder


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "copy")


@pytest.fixture(scope="module")
def of_run(run):
    return portrait_of(run)


@pytest.fixture(scope="module")
def html(of_run):
    runs = {"run": of_run, "bare": bare(shear=SHEAR)}
    return page(runs, [], "let plotly;")


def test_html_is_sound_and_accessible(html):
    outline = Outline(html)
    assert not outline.open
    assert all(each.get("alt") for each in outline.all("img"))
    assert all(each.get("scope") in ("row", "col") for each in outline.all("th"))
    plots = [each for each in outline.all("div") if each.get("class") in ("plot", "drawing")]
    assert {each["class"] for each in plots} == {"plot", "drawing"}
    assert all(each["role"] == "img" and len(each["aria-label"]) > 20 for each in plots)
    ids = [each["id"] for _, each in outline.elements if "id" in each]
    assert len(ids) == len(set(ids))
    targets = [each["href"][1:] for each in outline.all("a") if each["href"].startswith("#")]
    assert targets
    assert set(targets) <= set(ids)
    assert {each["for"] for each in outline.all("label", "output")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_nothing_is_loaded_and_only_two_scripts_may_run(html):
    outline = Outline(html)
    addresses = [
        each[key] for _, each in outline.elements for key in ("src", "href") if key in each
    ]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    (policy,) = (e["content"] for e in outline.all("meta") if "http-equiv" in e)
    scripts = [text for kind, text in outline.scripts if kind is None]
    assert len(scripts) == 2
    for text in scripts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_figures_are_strict_json_and_name_only_colours_of_the_style_sheet(html):
    records = [json.loads(text, parse_constant=pytest.fail) for kind, text in Outline(html).scripts
               if kind == "application/json"]  # fmt: skip
    assert len(records) > 5
    used = set(re.findall(r'"var:(\w+)', json.dumps(records)))
    used |= set(re.findall(r"var\(--(\w+)\)", html))
    assert used <= set(re.findall(r"--(\w+):", html))


def test_sections_of_a_run(html, of_run):
    for name in of_run.matrices:
        assert f">{name}</h3>" in html
    assert "layer0.jacobian@mean" in of_run.matrices
    for words in (
        *("test accuracy", "rounding to int8", "worst case (PGD)", "To reproduce", "SHA-256"),
        *("rnnspec train --config", "cell = &#34;lstm&#34;", "smallest change"),
    ):
        assert words in html
    assert "stacked" not in html


def test_a_bare_file_has_the_matrix_part_alone():
    html = page({"a": bare(shear=SHEAR)}, [], "")
    assert "A weight change of norm" in html
    assert "does not say how they were made" in html
    assert "Robustness" not in html
    assert "accuracy" not in html.partition("</style>")[2].partition("<script>")[0]


EVIL = "<script>alert(1)</script>'\"&$"


def test_names_of_others_are_escaped(of_run):
    """Names of runs, matrices, classes, settings and files, in texts, attributes and figures."""
    examples = tuple(dataclasses.replace(one, was=EVIL, became=EVIL) for one in of_run.examples)
    records = json.loads(json.dumps(of_run.records).replace("digits", json.dumps(EVIL)[1:-1]))
    evil = dataclasses.replace(of_run, examples=examples, records=records)
    html = page({EVIL: evil, EVIL * 2: bare(**{EVIL: SHEAR})}, [], "")
    assert "<script>alert" not in html
    outline = Outline(html)
    assert not outline.open
    assert len([text for kind, text in outline.scripts if kind is None and text]) == 1
    assert html.count("&lt;script&gt;alert") > 20


def test_the_slider_begins_at_the_distance_to_instability():
    portrait = bare(shear=SHEAR)
    html = page({"a": portrait}, [], "")
    (slider,) = Outline(html).all("input")
    low, at, high = (float(slider[key]) for key in ("min", "value", "max"))
    distance = portrait.matrices["shear"].measures.distance_to_instability
    assert at == pytest.approx(np.log10(distance), abs=1e-6)
    assert low < at < high
    steps = (at - low) / float(slider["step"])
    assert steps == pytest.approx(round(steps), abs=1e-3)


@pytest.mark.parametrize(
    "A", [np.zeros((3, 3)), [[2.0]], [[0.5j]], np.eye(2), 1e6 * SHEAR, 1e-9 * SHEAR]
)
def test_dull_and_extreme_matrices_have_a_page(A):
    assert not Outline(page({"a": bare(A=A)}, [], "")).open


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("layer0.forget", "of one gate"),
        ("layer0.reverse.new", "of one gate"),
        ("layer0", "linear map of one step"),
        ("encoder.layer0.reverse", "linear map of one step"),
        ("layer0.jacobian@mean", "The state Jacobian"),
    ],
)
def test_what_a_matrix_is_of(name, said):
    found = re.findall("<p class=.what.>(.*?)</p>", page({"a": bare(**{name: SHEAR})}, [], ""))
    assert [said in text for text in found] == [True]


def test_a_page_is_written_with_its_record(tmp_path):
    record = write_page({"a": bare(W=SHEAR), "b": bare(W=SHEAR)}, [], tmp_path / "page.html")
    assert record["sources"] == ["a", "b"]
    assert (record["matrices"], record["left_out"]) == (2, [])
    text = (tmp_path / "page.html").read_bytes()
    assert len(text) == record["bytes"]
    assert b"plotly.js v" in text


def test_a_stored_record_of_robustness_is_taken(copy):
    row = {"target": "input", "attack": "pgd", "norm": "linf", "accuracy": 0.125}
    write_json(copy / "robustness.json", {"results": [{**row, "epsilon": 0.1}], "minimal": {}})
    portrait = portrait_of(copy)
    assert portrait.robustness["results"][0]["accuracy"] == 0.125
    assert "12.5 %" in page({"a": portrait}, [], "")


@pytest.mark.parametrize(
    "record",
    [
        {"results": [3], "minimal": {}},
        {"results": [None], "minimal": {}},
        {"results": [], "minimal": {"fmn": None}},
        {"results": [{"target": "input"}], "minimal": {}},
        {"minimal": {}},
    ],
)
def test_a_damaged_record_of_robustness_is_told(copy, record):
    write_json(copy / "robustness.json", record)
    with pytest.raises(ValueError, match="robustness.json is damaged: expected "):
        portrait_of(copy)


def test_without_its_data_a_run_has_its_matrices(copy, monkeypatch):
    def gone(*_):
        raise DatasetUnavailable("digits is nowhere")

    monkeypatch.setattr(source, "load_run", gone)
    portrait = portrait_of(copy)
    assert portrait.left_out == "digits is nowhere"
    assert "layer0.input" in portrait.matrices
    html = page({"a": portrait}, [], "")
    assert "digits is nowhere" in html
    assert not Outline(html).open


def test_no_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`runs` or `studies` must hold at least one source"):
        write_page({}, [], tmp_path / "page.html")


def test_without_plotly_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ImportError, match=r"rnnspec\[report\]"):
        write_page({"a": bare(A=SHEAR)}, [], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
