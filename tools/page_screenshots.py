"""Takes the pictures of the search page that docs/ shows, with Debian's Chromium.

Example: python tools/page_screenshots.py runs/huse docs "oak chair"
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[1]
WAIT_SECONDS = 120
SIZES = {"page": (1280, 900), "page_phone": (390, 844)}


def start_page(run_dir: str) -> tuple[subprocess.Popen, str]:
    """Starts search.py --serve and returns it with its address."""
    command = [sys.executable, "search.py", "--serve", "--port=0", "--run_dir", run_dir]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        if line.startswith("search on "):
            return server, line.split()[2]
    raise SystemExit("search.py --serve did not start")


def open_browser(profile: str, width: int, height: int) -> webdriver.Chrome:
    """Starts a browser that reaches nothing but this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{option}")
    metrics = {"width": width, "height": height, "pixelRatio": 1.0}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    return webdriver.Chrome(options, Service("/usr/bin/chromedriver"))


def take(address: str, words: str, to: Path, name: str, size: tuple[int, int]) -> None:
    """Searches by words, takes a picture, opens the first product, takes another."""
    with tempfile.TemporaryDirectory() as profile:
        browser = open_browser(profile, *size)
        try:
            browser.get(address)
            wait = WebDriverWait(browser, WAIT_SECONDS)
            browser.find_element(By.ID, "text").send_keys(words + "\n")
            cards = wait.until(
                lambda b: b.find_elements(By.CSS_SELECTOR, "#results .card")
            )
            wait.until(loaded)
            time.sleep(0.5)
            browser.save_screenshot(str(to / f"{name}.png"))
            browser.execute_script("arguments[0].click()", cards[0])
            wait.until(lambda b: b.find_element(By.ID, "title").is_displayed())
            wait.until(loaded)
            time.sleep(0.5)
            browser.save_screenshot(str(to / f"{name}_product.png"))
        finally:
            browser.quit()


def loaded(browser: webdriver.Chrome) -> bool:
    """Says whether the pictures in view are there."""
    return browser.execute_script(
        "return [...document.images].every(i => i.complete || "
        "i.getBoundingClientRect().top > innerHeight)"
    )


def main() -> None:
    """Takes all pictures."""
    run_dir, to, words = sys.argv[1:]
    server, address = start_page(run_dir)
    try:
        for name, size in SIZES.items():
            take(address, words, Path(to).resolve(), name, size)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
