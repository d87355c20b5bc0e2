"""The page in a browser: Chromium without a window, driven by Playwright, if both are installed."""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawing import COLOURS, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.labelling.label import label
from zsl_images.web.examples import example_photos
from zsl_images.web.gallery import LABELS
from zsl_images.web.server import Server

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ALONE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(not BROWSER, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 40 photos in a subfolder, which the page may show."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "photos").mkdir()
    for number, colour in enumerate(COLOURS):
        for seed in range(5):
            draw(colour, seed).save(folder / "photos" / f"{number}-{seed}.png")
    return folder


@pytest.fixture(scope="module")
def address(trained: ZeroShotClassifier, root: Path) -> Iterator[str]:
    server = Server(trained, port=0, root=root)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.address
    server.stop()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=BROWSER, args=ALONE)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The open page; at the end of the test nothing may have gone wrong in the browser."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    playwright.expect(page.locator("#like option")).to_have_count(8)
    yield page
    assert wrong == []
    context.close()


def drop(page: Any, folder: Path, *colours: str) -> None:
    """Choose drawn photos, and wait until they are labelled."""
    paths = [folder / f"{colour}.png" for colour in colours]
    for path in paths:
        draw(path.stem, 70).save(path)
    page.set_input_files("#files", paths)
    answers = page.locator(".card .answer strong:not(:empty)")
    playwright.expect(answers).to_have_count(len(paths), timeout=20_000)


def add_class(page: Any, name: str, like: str) -> None:
    page.fill("#name", name)
    page.select_option("#like", like)
    page.press("#name", "Enter")
    page.wait_for_selector(".mine-class")


def test_a_photo_is_labelled_with_bars_and_reasons(page: Any, tmp_path: Path) -> None:
    drop(page, tmp_path, "red", "orange")
    first = page.locator(".card >> nth=0")
    assert first.locator(".answer strong").inner_text() == "red"
    assert first.locator(".answer .tag").inner_text() == "known from photos"
    assert first.locator(".bars li >> nth=0").inner_text().startswith("red")
    first.locator("summary").click()
    assert "Resembles" in first.inner_text()
    second = page.locator(".card >> nth=1")
    assert second.locator(".answer .tag >> nth=0").inner_text() == "known from attributes"
    assert page.inner_text("#status") == "2 photos labelled"


def test_the_shipped_head_says_cat_first_when_a_real_cat_is_dropped(browser: Any) -> None:
    cat = example_photos().get("cat.png")
    if cat is None:
        pytest.skip("scikit-image, which brings the photo of a cat, is not installed")
    server = Server(ZeroShotClassifier.load(), port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        page = browser.new_page()
        page.goto(server.address)
        content = base64.b64encode(cat.read_bytes()).decode()
        transfer = page.evaluate_handle(
            """content => {
                const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
                const transfer = new DataTransfer();
                transfer.items.add(new File([bytes], "a photo.png", { type: "image/png" }));
                return transfer;
            }""",
            content,
        )
        page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
        label_ = page.locator(".card .answer strong")
        playwright.expect(label_).to_have_text("cat", timeout=60_000)
        page.close()
    finally:
        server.stop()
        thread.join()


def test_a_file_that_is_no_photo_is_named(page: Any, tmp_path: Path) -> None:
    (tmp_path / "<b>notes.png").write_text("no photo")
    draw("red", 70).save(tmp_path / "red.png")
    page.set_input_files("#files", [tmp_path / "<b>notes.png", tmp_path / "red.png"])
    page.wait_for_selector(".card")
    assert page.inner_text("#errors").startswith("<b>notes.png: not an image")


def test_the_ranking_follows_a_slider(page: Any, tmp_path: Path) -> None:
    drop(page, tmp_path, "blue")
    add_class(page, "navy", "blue")
    share = page.locator(".standing .number")
    playwright.expect(share).to_contain_text("%")
    before = share.inner_text()
    page.get_by_label("redness", exact=True).focus()
    for _ in range(12):
        page.keyboard.press("PageUp")
    playwright.expect(share).not_to_have_text(before)


def test_a_new_class_wins_for_its_photo_and_stays_after_a_reload(page: Any, tmp_path: Path) -> None:
    drop(page, tmp_path, "cyan")
    label = page.locator(".card .answer strong")
    playwright.expect(label).not_to_have_text("teal")
    add_class(page, "teal", "cyan")
    page.get_by_label("light", exact=True).evaluate(
        "one => { one.value = 0; one.dispatchEvent(new Event('input')); }"
    )
    playwright.expect(label).to_have_text("teal")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the table").click()
    assert "\nteal," in Path(saved.value.path()).read_text()
    page.reload()
    page.wait_for_selector(".mine-class h3")
    assert page.inner_text(".mine-class h3") == "teal"


def test_names_are_text_and_never_html(page: Any, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    page.on("dialog", lambda dialog: pytest.fail("a name was run"))
    drop(page, tmp_path, "blue")
    add_class(page, hostile, "blue")
    page.locator("#table summary").click()
    shown = hostile.replace(" ", "_").replace("_", " ")
    playwright.expect(page.locator(".mine-class h3")).to_have_text(shown)
    playwright.expect(page.locator("#sheet [role=rowheader]").first).to_have_text(shown)
    playwright.expect(page.locator(".card .bars")).to_contain_text(shown)
    assert page.locator("img[src=x]").count() == 0


def test_a_value_of_the_table_is_edited_and_taken_back(page: Any, tmp_path: Path) -> None:
    drop(page, tmp_path, "orange")
    label = page.locator(".card .answer strong")
    playwright.expect(label).to_have_text("orange")
    page.locator("#table summary").click()
    row = page.locator("#sheet [role=row]", has=page.get_by_role("rowheader", name="orange"))
    playwright.expect(row.locator("[role=gridcell]")).to_have_count(4)
    row.locator("[role=gridcell]").first.click()
    playwright.expect(page.locator("#meaning")).to_contain_text("redness of orange")
    for value in ("40", "200", "200"):  # what cyan is like; below orange there is no row
        page.keyboard.type(value)
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowRight")
    playwright.expect(label).not_to_have_text("orange")
    playwright.expect(page.locator("#table-count")).to_contain_text("3 values changed")
    with page.expect_download() as saved:
        page.locator("#table").get_by_role("button", name="Save the table").click()
    assert "\norange,40,200,200," in Path(saved.value.path()).read_text()
    page.click("#take-back")
    playwright.expect(label).to_have_text("orange")
    playwright.expect(page.locator("#table-count")).to_contain_text("0 values changed")


def test_a_value_out_of_range_is_explained_and_not_taken(page: Any) -> None:
    page.locator("#table summary").click()
    page.locator("#sheet [role=gridcell]").first.click()
    page.keyboard.type("9999")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#meaning")).to_contain_text("9999 is no value: expected a number")
    page.keyboard.press("Escape")
    playwright.expect(page.locator("#table-count")).to_contain_text("0 values changed")


def test_a_new_class_is_a_row_of_the_table_and_follows_it(page: Any) -> None:
    page.locator("#table summary").click()
    add_class(page, "navy", "blue")
    playwright.expect(page.locator("#sheet [role=rowheader]").first).to_have_text("navy")
    page.locator("#sheet [role=gridcell]").first.dblclick()
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    slider = page.locator(".slider", has=page.get_by_label("redness", exact=True))
    playwright.expect(slider.locator("output")).to_have_text("77")


def test_an_example_is_labelled_by_a_click(page: Any) -> None:
    page.get_by_role("button", name="flower").click()
    playwright.expect(page.locator(".card .name")).to_have_text("flower.jpg", timeout=20_000)


def test_a_name_that_is_taken_is_explained(page: Any) -> None:
    page.fill("#name", "Red ")
    page.press("#name", "Enter")
    playwright.expect(page.locator("#class-error")).to_have_text("There is a class red already.")
    assert page.locator(".mine-class").count() == 0


def test_everything_can_be_reached_with_the_keyboard(page: Any) -> None:
    page.get_by_role("button", name="flower").wait_for()
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    reached = [one for one in reached if one not in ("A", "BUTTON")]  # links, examples, "Add"
    assert reached[:5] == ["files", "name", "like", "SUMMARY", "SUMMARY"]


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(page: Any, tmp_path: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    drop(page, tmp_path, "red")
    add_class(page, "a" * 100, "blue")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(
    browser: Any, address: str, root: Path, tmp_path: Path, scheme: str, trained: ZeroShotClassifier
) -> None:
    """No fault of any weight on any page, with everything open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    (root / "few").mkdir(exist_ok=True)
    draw("red", 1).save(root / "few" / "a.png")
    label(trained, root / "few", root / "few" / LABELS)
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe is put into the page
    page = context.new_page()
    faults = []

    def check(where: str) -> None:
        for found in axe.Axe().run(page).response["violations"]:
            faults.append((where, found["id"], found["nodes"][0]["target"]))

    page.goto(address)
    playwright.expect(page.locator("#like option")).to_have_count(8)
    check("empty")
    drop(page, tmp_path, "red", "orange")
    add_class(page, "navy", "blue")
    page.locator("#table summary").click()
    page.locator("#sheet [role=gridcell]").first.click()
    page.locator(".card summary").first.click()
    page.locator("#all summary").click()
    check("photos, classes and table")
    page.goto(f"{address}gallery")
    page.select_option("#folders", "few")
    playwright.expect(page.locator(".cell img[src]").first).to_be_visible()
    page.focus("#grid")
    page.keyboard.press("Space")
    check("gallery")
    page.goto(f"{address}docs")
    page.get_by_text("POST /predict", exact=True).wait_for()
    check("docs")
    context.close()
    assert faults == []


def test_the_api_page_lists_every_address(page: Any, address: str) -> None:
    page.goto(f"{address}docs")
    page.wait_for_selector("code")
    page.get_by_text("POST /predict", exact=True).wait_for()


def test_a_folder_is_labelled_and_corrected_by_keyboard(page: Any, address: str, root: Path) -> None:
    page.goto(f"{address}gallery")
    page.select_option("#folders", "photos")
    playwright.expect(page.locator("#folder")).to_have_text("photos")
    page.click("#label")
    status = page.locator("#status")
    playwright.expect(status).to_have_text("40 photos, 0 corrected in this folder", timeout=60_000)
    playwright.expect(page.locator(".cell img[src]").first).to_be_visible()
    page.focus("#grid")
    for number in range(1, 11):
        page.keyboard.press("c")
        playwright.expect(status).to_contain_text(f" {number} corrected")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.keyboard.type("sea cow")
    page.keyboard.press("Enter")
    playwright.expect(status).to_contain_text(" 12 corrected")
    written = (root / "photos" / "corrections.csv").read_text().splitlines()
    assert len(written) == 13
    assert sum(line.endswith(",sea_cow") for line in written) == 2
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the labels").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert lines[0] == "path,label,given_by"
    assert sum(line.endswith(",sea_cow,person") for line in lines) == 2
    assert sum(line.endswith(",machine") for line in lines) == 40 - 12
    page.focus("#grid")
    page.keyboard.press("Control+z")
    playwright.expect(status).to_contain_text(" 10 corrected")
    assert "sea_cow" not in (root / "photos" / "corrections.csv").read_text()
