"""The report as its reader has it: in a browser with the network off."""

from __future__ import annotations

import csv
import io
import json

import pytest

BOTH = pytest.mark.parametrize("name", ["frontier", "first"])


class Opened:
    """A page with what it asked for and complained about."""

    def __init__(self, page):
        self.page, self.requests, self.said = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.said.append(f"failed: {request.url}"))
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))


@pytest.fixture
def look(browser, reports):
    """Opens an example's report at a width and in a colour scheme, offline."""
    contexts = []

    def opener(name, *, width=1440, scheme="light", **more):
        context = browser.new_context(offline=True, color_scheme=scheme, viewport={"width": width, "height": 900}, accept_downloads=True, **more)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.goto((reports[name] / "report.html").as_uri())
        return opened

    yield opener
    for context in contexts:
        context.close()


@BOTH
def test_the_page_is_silent_and_asks_no_host_for_anything(look, name):
    opened = look(name)
    opened.page.evaluate("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    opened.page.wait_for_timeout(200)
    assert opened.said == []
    assert opened.requests
    assert [url for url in opened.requests if not url.startswith(("file://", "data:"))] == []


def test_the_first_screen_has_the_answer_tiles_failures_and_flips(look, plans):
    page, answer = look("frontier").page, plans["frontier"].data["answer"]
    assert page.inner_text(".verdict").startswith(answer["verdict"])
    assert page.inner_text(".verdict").replace("\u00a0", " ").endswith(answer["line"][-40:])
    assert page.locator(".tile").count() == 6
    assert "80 %:" in page.locator(".tile").nth(1).inner_text()
    assert page.locator("ol.failures > li").count() == len(answer["failures"])
    assert answer["failures"][0]["what"] in page.locator("ol.failures > li").first.inner_text()
    assert page.locator("ol.flips > li").count() == len(answer["flips"]) == 5
    below = page.evaluate(
        "Math.max(...[...document.querySelectorAll('#answer, .tile, ol.failures > li, ol.flips > li')].filter(n => n.checkVisibility()).map(n => n.getBoundingClientRect().bottom))"
    )
    assert below <= 900


def test_a_stage_that_was_not_asked_says_what_it_would_answer(look, plans):
    page, skipped = look("first").page, plans["first"].data["skipped"]
    assert page.locator(".empty").count() == len(skipped) == 4
    assert skipped["supply"] in page.inner_text("#supply")
    assert page.locator(".tile.skipped").count() == 4
    assert "Nothing fails its check." in page.inner_text("main")


def test_a_tile_opens_its_story_which_walks_down_to_a_source(look):
    page = look("frontier").page
    page.locator(".tile[data-key]").first.click()
    story = page.locator("#story")
    assert story.is_visible()
    assert "Formula" in story.inner_text()
    assert "at the weakest" in story.inner_text()
    for _ in range(30):
        link = story.locator("button.link")
        if not link.count():
            break
        link.first.click()
    assert "Source" in story.inner_text()
    assert "Grade" in story.inner_text()
    page.locator("#story-back").click()
    assert "Formula" in story.inner_text()


def test_the_story_obeys_the_keyboard_and_gives_the_focus_back(look):
    page = look("frontier").page
    tile = page.locator(".tile[data-key]").nth(1)
    for key in ("Enter", " "):
        tile.focus()
        page.keyboard.press(key)
        assert page.locator("#story").is_visible()
        assert page.evaluate("document.activeElement.id") == "story"
        page.keyboard.press("Escape")
        assert page.locator("#story").is_hidden()
        assert tile.evaluate("node => node === document.activeElement")


def test_the_story_opens_by_tap_and_closes_by_a_tap_beside_it(look):
    page = look("frontier", width=400, has_touch=True, is_mobile=True).page
    figure = page.locator("#needs .fig").first
    figure.scroll_into_view_if_needed()
    figure.tap()
    assert page.locator("#story").is_visible()
    box = page.locator("#story").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400
    page.touchscreen.tap(200, 20)
    assert page.locator("#story").is_hidden()


def test_only_weak_grades_carry_a_mark_and_the_others_are_in_the_story(look):
    page = look("frontier").page
    assert set(page.locator(".mark").all_inner_texts()) <= {"C", "D", "E"}
    plain = page.locator(".fig[data-key^='envelope.']:not(:has(+ .mark))").first
    plain.click()
    assert any(f"grade {grade} at the weakest" in page.inner_text("#story") for grade in "AB")


@pytest.mark.parametrize("table", ["needs-asked", "racks", "bom"])
def test_a_table_is_exported_as_the_file_beside_the_report(look, reports, table):
    page = look("frontier").page
    with page.expect_download() as waited:
        page.locator(f"button.export[data-table={table}]").click()
    assert waited.value.suggested_filename == f"{table}.csv"
    got = list(csv.reader(io.StringIO(open(waited.value.path(), encoding="utf-8-sig").read())))  # noqa: SIM115
    kept = list(csv.reader(io.StringIO((reports["frontier"] / "tables" / f"{table}.csv").read_text(encoding="utf-8"))))
    assert got == [[cell.rstrip() for cell in row] for row in kept]


@BOTH
@pytest.mark.parametrize("width", [400, 1440])
def test_the_page_never_scrolls_sideways(look, name, width):
    page = look(name, width=width).page
    for details in page.locator("details").all():
        details.evaluate("node => { node.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@BOTH
@pytest.mark.parametrize("width", [400, 1440])
def test_tables_that_are_wider_scroll_in_their_own_box(look, name, width):
    page = look(name, width=width).page
    over = page.evaluate("[...document.querySelectorAll('.scroll')].filter(n => n.getBoundingClientRect().right > innerWidth + 1).length")
    assert over == 0
    assert page.evaluate("[...document.querySelectorAll('.scroll table')].every(n => ['auto', 'scroll'].includes(getComputedStyle(n.parentElement).overflowX))")


# Contrast as WCAG 2.2 defines it (relative luminance, success criterion 1.4.3); every text node over the colours behind it.
CONTRAST = """
() => {
  const parse = text => { const m = text.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const lum = c => { const f = [0, 1, 2].map(i => { const v = c[i] / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const behind = node => { const chain = []; for (let n = node; n; n = n.parentElement) chain.push(n); return chain.reverse().reduce((c, n) => over(parse(getComputedStyle(n).backgroundColor), c), [255, 255, 255, 1]); };
  const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const found = {};
  const note = (name, value) => { if (!(name in found) || value < found[name]) found[name] = value; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || node.closest("script, style, title, svg, [hidden]")) continue;
    note(node.tagName + "." + node.className, ratio(parse(getComputedStyle(node).color), behind(node)));
  }
  for (const label of document.querySelectorAll("svg text")) {
    const box = label.parentElement.tagName === "g" ? label.parentElement.querySelector("rect") : null;
    let back = behind(label.closest("svg").parentElement);
    if (box) { const style = getComputedStyle(box), fill = parse(style.fill); fill[3] = Number(style.fillOpacity); back = over(fill, back); }
    note("svg text." + (label.getAttribute("class") || "") + (box ? " over " + box.getAttribute("class") : ""), ratio(parse(getComputedStyle(label).fill), back));
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(look, scheme):
    page = look("frontier", scheme=scheme).page
    found = page.evaluate(CONTRAST)
    assert len(found) > 15
    assert any(name.startswith("svg text. over") for name in found)
    assert {name: round(value, 2) for name, value in found.items() if value < 4.5} == {}
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@BOTH
def test_every_figure_on_the_page_has_a_story(look, name):
    page = look(name).page
    keys = page.evaluate("[...document.querySelectorAll('[data-key]')].map(n => n.dataset.key)")
    known = {row["key"] for row in json.loads(page.locator("script#ledger").text_content())}
    assert len(keys) > 20
    assert [key for key in keys if key not in known] == []


def test_elevation_labels_stay_inside_their_racks(look):
    page = look("frontier").page
    out = page.evaluate(
        "[...document.querySelectorAll('.elevations g text')].filter(t => { const b = t.getBoundingClientRect(), r = t.parentElement.querySelector('rect').getBoundingClientRect();"
        " return b.left < r.left || b.right > r.right || b.top < r.top - 3 || b.bottom > r.bottom + 3; }).map(t => t.textContent)"
    )
    assert page.locator(".elevations g text").count() > 10
    assert out == []


def test_on_paper_everything_is_open_and_nothing_is_cut(look):
    page = look("frontier").page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("nav").is_hidden()
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 less two margins of 12 mm, at 96 px an inch
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(n => getComputedStyle(n).maxHeight === 'none')")
