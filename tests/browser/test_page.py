"""The page in a real browser: drawn, moved, read narrow and wide, light and dark, offline."""

import json

import numpy as np
import pytest

from rnnspec.report.page.page import write_page
from rnnspec.study.portrait import portraits_of
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run

LOOKS = [(width, dark) for width in (1280, 390) for dark in (False, True)]
SHEAR = np.array([[0.5, 3.0], [0.0, 0.4]])


@pytest.fixture(scope="module")
def path(opened, tmp_path_factory):  # noqa: ARG001  without a browser nothing is trained
    folder = tmp_path_factory.mktemp("page")
    train_run(TrainingConfig(cell="lstm", hidden=4, epochs=1, batch_size=500), folder / "run")
    np.save(folder / "shear.npy", SHEAR)
    runs = portraits_of([folder / "run", folder / "shear.npy"])
    write_page(runs, [], folder / "page.html")
    return folder / "page.html"


def contours(driver):
    """The thick line of the first plane, as the browser draws it."""
    return driver.execute_script(
        "const lines = document.querySelectorAll('.plane .plot')[0].querySelectorAll("
        "'g.contour, g.contourlayer > g')[1].querySelectorAll('path');"
        "return [...lines].map(line => line.getAttribute('d')).join(' ');"
    )


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_it_is_drawn_without_an_error_a_request_or_a_line_too_wide(opened, path, width, dark):
    with opened(path, width, dark) as driver:
        assert driver.get_log("browser") == []
        messages = [json.loads(e["message"])["message"] for e in driver.get_log("performance")]
        asked = {
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }
        assert path.as_uri() in asked
        assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {path.as_uri()}
        assert driver.execute_script("return document.documentElement.scrollWidth") == width
        outside = driver.execute_script(
            "return [...document.querySelectorAll('h1,h2,h3,p,figure,input,.scroll,.card')].filter("
            "e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"
        )
        assert outside == []


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_figures_stand_out_from_the_ground(opened, path, dark):
    with opened(path, dark=dark) as driver:
        ground, *inks, line = driver.execute_script(
            "const c = (e, k) => getComputedStyle(e)[k].match(/[0-9.]+/g).slice(0, 3).map(Number);"
            "const q = selector => document.querySelector(selector);"
            "return [c(document.body, 'backgroundColor'), c(document.body, 'color'),"
            " c(q('.plot .xtitle'), 'fill'), c(q('.drawing text'), 'fill'),"
            " c(q('.growth path[style*=\"--c0\"]'), 'stroke')];"
        )
        assert (np.mean(ground) < 64) == dark
        for colour in inks:
            assert contrast(ground, colour) >= 7
        assert contrast(ground, line) >= 3


def contrast(first, second):
    """Ratio of luminances, of sRGB colours from 0 to 255 (WCAG 2.1)."""
    parts = np.array([first, second]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    low, high = np.sort(linear @ [0.2126, 0.7152, 0.0722])
    return (high + 0.05) / (low + 0.05)


def test_the_figures_follow_a_reader_who_changes_to_dark(opened, path, until):
    colour = "return getComputedStyle(document.querySelector('.plot .xtitle')).fill"
    with opened(path) as driver:
        before = driver.execute_script(colour)
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [dark]})
        until(lambda: driver.execute_script(colour) != before)


def test_the_slider_moves_the_contours_by_keyboard(opened, path, until):
    from selenium.webdriver.common.keys import Keys

    with opened(path) as driver:
        slider = driver.find_element("css selector", ".matrix input[type=range]")
        output = driver.find_element("css selector", ".matrix output")
        lines, said = contours(driver), output.text
        assert lines
        slider.send_keys(Keys.ARROW_RIGHT * 20)
        until(lambda: contours(driver) != lines)
        assert float(output.text.split()[-1]) > float(said.split()[-1])
        assert slider.get_attribute("aria-valuetext") == output.text.replace("ε =", "epsilon")
        slider.send_keys(Keys.ARROW_LEFT * 20)
        until(lambda: contours(driver) == lines)
        assert output.text == said
        assert driver.get_log("browser") == []


def test_hover_says_where_and_how_small(opened, path, until):
    from selenium.webdriver.common.action_chains import ActionChains

    with opened(path) as driver:
        plot = driver.find_element("css selector", ".plane .plot")
        driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
        plane = plot.find_element("css selector", ".nsewdrag")
        ActionChains(driver).move_to_element_with_offset(plane, 40, 40).perform()
        until(lambda: "σ_min" in (plot.text or "") and "z =" in plot.text)


def test_without_scripts_the_pictures_are_there(opened, path):
    with opened(path, scripts=False) as driver:
        pictures = driver.find_elements("css selector", ".plane noscript img")
        assert pictures
        drawings = driver.find_elements("css selector", ".drawing svg")
        assert len(drawings) > len(pictures)
        assert all(one.size["height"] > 100 for one in (*pictures, *drawings))
        assert not driver.find_element("css selector", ".slider").is_displayed()
        assert "distance to instability" in driver.find_element("css selector", "main").text
