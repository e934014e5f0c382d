import pytest

from rnnspec._format import cell, figures, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-0.5228, "−0.523"),
        (1e-3, "0.001"),
        (9.999e-4, "0.001"),
        (5.757e-4, "5.76·10⁻⁴"),
        (-3e12, "−3·10¹²"),
        (1234.5, "1230"),
        (9999.0, "1·10⁴"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_for_people(value, text):
    assert figures(value) == text


def test_digits_are_chosen():
    assert figures(1.23456e-7, 5) == "1.2346·10⁻⁷"
    assert figures(1.23456, 2) == "1.2"


@pytest.mark.parametrize("value", [1.25e-8, -1e300, 0.1, 1234.0, float("inf")])
def test_sentences_of_studies_have_the_exponents_of_python(value):
    assert figures(value, notation="e") == f"{value:.3g}".replace("-", "−").replace("inf", "∞")


@pytest.mark.parametrize("value", [1.25e-8, -1e300, 0.1, 1234.0, float("inf"), float("nan")])
def test_terminals_and_files_have_the_characters_of_python(value):
    assert figures(value, 4, "ascii") == f"{value:.4g}"
    assert figures(value, 4, "ascii").isascii()


def test_cells():
    assert [cell(v, "ascii") for v in (True, "x", 12, 1e5, -0.5, "", [1.5, None])] == [
        *("yes", "x", "12", "1e+05", "-0.5", "", "1.5, -"),
    ]
    assert [cell(v) for v in (-0.5, 12345.0, None)] == ["−0.5", "1.234·10⁴", "–"]


def test_shares_are_per_cent():
    assert [percent(v) for v in (0.0, 0.98765, 1.0, None)] == ["0.0 %", "98.8 %", "100.0 %", "–"]
