"""Chromium without a window; without Chromium these tests are left out, and say so."""

import shutil
import time
from contextlib import contextmanager

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "hide-scrollbars"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
    "disable-dev-shm-usage",
)


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Open a file at a width, in light or dark, and scroll once to its end."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("chromium and chromedriver are not installed: no page is opened in a browser")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.chrome.service.Service(DRIVER)
    driver = webdriver.Chrome(options=options, service=service)

    @contextmanager
    def opened(path, width=1280, dark=False, scripts=True):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        for kind in ("browser", "performance"):
            driver.get_log(kind)  # what the page before left
        driver.get(path.as_uri())
        if scripts:
            until(lambda: _scroll(driver))
        yield driver

    yield opened
    driver.quit()


def _scroll(driver):
    """Bring each figure into sight; whether all are drawn."""
    return driver.execute_script(
        "const plots = [...document.querySelectorAll('.plot')];"
        "const next = plots.find(plot => !plot.querySelector('.main-svg'));"
        "if (next) next.scrollIntoView(); return !next;"
    )


@pytest.fixture(name="until")
def until_fixture():
    """Wait for a condition; a test that waits in vain fails."""
    return until


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.05)
    return found
