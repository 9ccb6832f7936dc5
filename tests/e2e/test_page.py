"""The search page in a real browser: Debian's Chromium, headless."""

import shutil
import signal
import subprocess
import sys

import pytest
from small_runs import EXAMPLE, PRODUCTS, ROOT, products

pytest.importorskip("flask")
pytest.importorskip("waitress")
pytest.importorskip("selenium")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip(
        "needs Chromium and its driver: apt-get install chromium chromium-driver",
        allow_module_level=True,
    )

from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def address(small_run):
    """Where the real command serves, which Ctrl-C ends in peace."""
    server = subprocess.Popen(
        [sys.executable, "search.py", "--serve", "--port=0", "--run_dir", small_run],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = next(line for line in server.stdout if line.startswith("search on "))
        yield said.split()[2]
        server.send_signal(signal.SIGINT)
        assert server.wait(WAIT_SECONDS) == 0
    finally:
        server.kill()
        server.communicate()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        "window-size=1200,900",
        f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(DRIVER))
    yield browser
    browser.quit()


class Page:
    """What a user does on the page."""

    def __init__(self, browser, address):
        self.browser = browser
        browser.get(address)
        self.until(lambda: self.all("#tree button"))

    def until(self, condition):
        # an answer may replace an element between finding and reading it
        wait = WebDriverWait(
            self.browser,
            WAIT_SECONDS,
            ignored_exceptions=[StaleElementReferenceException],
        )
        return wait.until(lambda _: condition())

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def titles(self):
        # in one go: an answer may replace them at any moment
        return self.browser.execute_script(
            "return [...document.querySelectorAll('#results .title')]"
            ".map(e => e.textContent)"
        )

    def search(self, words):
        self.one("#text").clear()
        self.one("#text").send_keys(words + "\n")
        self.settled()

    def settled(self):
        self.until(lambda: self.one("#status").text not in ("", "Searching …"))

    def compare_with(self, kind):
        self.one(f"#kind option[value={kind}]").click()
        self.settled()


@pytest.fixture
def page(browser, address):
    page = Page(browser, address)
    yield page
    # a missing icon, a blocked style, a script's error: all of these are logged
    bad = [e for e in browser.get_log("browser") if "status of 400" not in e["message"]]
    assert bad == []


def test_by_words_then_by_class(page):
    row = products()[8]
    page.compare_with("texts")
    page.search(row["text"])
    assert page.titles()[0] == row["text"]
    assert len(page.titles()) == len(products())
    page.until(lambda: page.all("#results img")[0].get_property("naturalWidth"))
    for summary in page.all("#tree summary"):
        page.browser.execute_script("arguments[0].parentElement.open = true", summary)
    page.one(f'#tree button[data-path="{row["class"]}"]').click()
    page.until(lambda: len(page.titles()) == PRODUCTS)
    own = {r["text"] for r in products() if r["class"] == row["class"]}
    assert set(page.titles()) == own


def test_by_photo_then_a_broken_one(page, tmp_path):
    row = products()[15]
    page.compare_with("images")
    page.one("#photo").send_keys(str(EXAMPLE / "images" / row["image"]))
    page.until(lambda: page.titles())
    assert page.titles()[0] == row["text"]
    assert page.one("#preview").is_displayed()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 no picture")
    page.one("#photo").send_keys(str(broken))
    page.until(lambda: "cannot be decoded" in page.one("#status").text)
    assert page.titles() == []
    page.one("#drop-photo").click()
    page.search("red")
    assert len(page.titles()) == len(products())


def test_a_products_neighbours(page):
    page.search("blue")
    first = page.titles()[0]
    page.all("#results .card")[0].click()
    page.until(lambda: page.one("#product").get_property("open"))
    assert page.one("#title").text == first
    near = page.all("#details [data-modality=text] .card")
    assert len(near) == 8 and first not in [c.text.split("\n")[0] for c in near]
    assert "titles 0." in near[0].text and "photos 0." in near[0].text
    assert len(page.all("#details table")) == 3
    title = near[0].find_element(By.CSS_SELECTOR, ".title").text
    near[0].click()
    page.until(lambda: page.one("#title").text == title)
    page.one("#close").click()
    assert not page.one("#product").get_property("open")


def test_the_address_holds_query_class_and_product(page, browser, address):
    page.compare_with("texts")
    page.one("#match option[value=words]").click()
    row = products()[8]
    page.search(row["text"])
    first = page.titles()
    why = page.one("#results .card").text
    assert "in its title: " in why and "by words: place 1" in why
    page.all("#results .card")[0].click()
    page.until(lambda: page.one("#product").get_property("open"))
    held = browser.current_url
    assert (
        "match=words" in held
        and "in=texts" in held
        and "product=" in held
        and "q=" in held
    )
    page.one("#close").click()
    page.until(lambda: "product=" not in browser.current_url)
    page.search("qwzx")
    page.until(lambda: "has any of these words" in page.one("#status").text)
    assert page.titles() == []
    page.browser.back()  # to the list, not away from the page
    page.until(lambda: page.one("#text").get_property("value") == row["text"])
    page.until(lambda: page.titles() == first)
    page.browser.back()
    page.until(lambda: page.one("#product").get_property("open"))

    other = Page(browser, held)  # as a colleague opens it
    other.until(lambda: other.one("#product").get_property("open"))
    assert other.one("#title").text == row["text"]
    assert other.one("#match").get_property("value") == "words"
    assert other.one("#kind").get_property("value") == "texts"
    assert other.titles() == first
