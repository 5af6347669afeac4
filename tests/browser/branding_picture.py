"""Take the picture of docs/branding.md: `python -m tests.browser.branding_picture`."""

from base64 import b64encode

from playwright.sync_api import Browser

from chalicelib.branding import read_branding
from tests.browser.scripted_server import ScriptedServer
from tooling.browsers import running_browser
from tooling.project import ROOT

SHOP = {
    "name": "Radhaus",
    "color": "#ffd500",
    "greeting": {"de": "Moin! Was können wir für Ihr Rad tun?"},
    "hours": {"de": "Menschen antworten montags bis samstags von 9 bis 18 Uhr."},
    "privacy_url": "https://www.example.com/privacy",
}
LOOKS = (("de", "light"), ("ar", "dark"))


def _look(browser: Browser, url: str, language: str, scheme: str) -> str:
    """Return a picture of the page as the source of an image."""
    page = browser.new_page(viewport={"width": 640, "height": 720}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{url}/?language={language}")
    page.get_by_role("textbox").fill("?")
    taken = page.screenshot()
    page.close()
    return f"data:image/png;base64,{b64encode(taken).decode()}"


def main() -> None:
    """Take two looks of one shop, side by side."""
    server = ScriptedServer(branding=read_branding(SHOP))
    with running_browser() as browser:
        pictures = [_look(browser, server.url, *look) for look in LOOKS]
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_content(
            f'<body style="display: flex; margin: 0">{"".join(f"<img src={each}>" for each in pictures)}'
        )
        page.screenshot(path=ROOT / "docs" / "images" / "branding.png")
    server.close()


if __name__ == "__main__":
    main()
