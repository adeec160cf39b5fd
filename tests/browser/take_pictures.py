"""Takes pictures: of every card with `take_pictures.py FOLDER`, without it those of the README."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demo_page import NARROW, WIDE, DemoPage, running_browser
from PIL import Image

from bot.demo import world
from bot.demo.simulated_discord import ADMIN, MEMBERS
from bot.interactions.rate_limits import CHECKS_A_MINUTE
from demo_process import running_demo
from forked_python import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator


README: Final = ROOT / "docs" / "pictures"
# What the README shows, of all the pictures there are.
CHOSEN: Final = frozenset(
    {
        "demo",
        "settings-dark",
        "settings-light",
        "check-twice-dark",
        "check-twice-light",
        "app-dark",
        "testmail-passed-dark",
        "testmail-failed-dark",
        "server-dark",
        "incident-dark",
        "digest-dark",
        "history-dark",
        "history-light",
    }
)
LOOKS: Final = {"dark": WIDE, "light": WIDE, "narrow": NARROW}
HEIGHT: Final = 6000  # pixels, so that no card has to scroll
SCREEN: Final = (1280, 920)  # pixels
COLOURS: Final = 256  # of one picture; cards have few, and the files become small
APP: Final = "Apple Mail on iPhone"  # the app whose steps are shown
COMMANDS: Final = {
    "settings": "/mailsettings ann@friend.example",
    "settings-nobody": "/mailsettings",
    "records": "/dnsrecords newcomer.example",
    "help": "/help",
    "refused": "/dnsrecords friend",
    "remark": "/dnsrecords https://www.friend.example/mail",
    "no-records-yet": "/dnscheck post.friend.example",
    "did-you-mean": "/dnscheck freind.example",
    **{f"check-{name.partition('.')[0]}": f"/dnscheck {name}" for name in world.DOMAINS},
}

# Only one message is wanted, at its full height. Where the page differs from Discord, it is shown
# as there: code blocks wrap, and a command keeps to the text around it.
BARE: Final = """
    .preview-toolbar, .messages-sidebar, .channel-header, .channel-composer,
    .message-context-actions, .timeline-day-divider { display: none !important; }
    .code-block, .code-block code { min-width: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
    span.command-mention { margin: 0; padding: 0 2px !important; }
"""
# The page knows Discord's dark colours only; these are the light ones.
LIGHT: Final = """
    :root, [data-workbench] {
        color-scheme: light; background: #fbfbfb !important; color: #2f3035;
        --discord-bg: #fbfbfb; --discord-surface: #f3f3f4; --discord-elevated: #ffffff;
        --discord-control: #ebebed; --discord-hover: #e3e3e6; --discord-text: #2f3035;
        --discord-muted: #5e5f69; --discord-subtle: #4b4c54; --discord-border: #dcdce0;
        --component-surface: #ffffff; --component-border: #dcdce0;
        --subtle-surface: #ebebed; --subtle-surface-text: #2f3035;
        --code-surface: #f3f3f8; --code-border: #d8d8e4; --code-text: #2f3035;
        --link-text: #0b63d6; --link-accent: #0b63d6; --scrollbar-thumb: #c4c5c9;
        --button-secondary-surface: #ebebed;
    }
    .message-content { color: #2f3035; }
    .button-style-2, .button-style-5, .button-secondary, .link-button { color: #2f3035; }
    .command-mention, .mention { color: #4048b8; background: #e6e8fd !important; }
"""


class Camera:
    """Takes the pictures that are wanted into a folder; None wants all."""

    def __init__(self, page: DemoPage, folder: Path, wanted: frozenset[str] | None) -> None:
        self._page = page
        self._folder = folder
        self._wanted = wanted
        self._bare = page.page.add_style_tag(content=BARE)
        self._light = page.page.add_style_tag(content=LIGHT)
        self._dress()

    def wants(self, subject: str) -> bool:
        """Whether any picture of a subject is wanted."""
        return self._wanted is None or any(f"{subject}-{look}" in self._wanted for look in LOOKS)

    def take(self, subject: str, message: Locator) -> None:
        """Take a message in every look."""
        self._page.page.mouse.move(0, 0)
        for look, width in LOOKS.items():
            if self._wanted is None or f"{subject}-{look}" in self._wanted:
                self._dress(message, in_light=look == "light", width=width)
                self._keep(f"{subject}-{look}", message.screenshot(animations="disabled"))
        self._dress()

    def take_screen(self, subject: str) -> None:
        """Take the whole page, at the end of the channel."""
        width, height = SCREEN
        self._dress(width=width, height=height)
        self._page.messages.last.scroll_into_view_if_needed()
        self._page.page.mouse.move(0, 0)
        self._keep(subject, self._page.page.screenshot(animations="disabled"))
        self._dress()

    def _dress(
        self,
        only: Locator | None = None,
        *,
        in_light: bool = False,
        width: int = WIDE,
        height: int = HEIGHT,
    ) -> None:
        """Show the page as it is, or one message alone."""
        number = only.get_attribute("data-message-id") if only else None
        others = f'.channel-message:not([data-message-id="{number}"]) {{ display: none; }}'
        self._bare.evaluate("(tag, text) => { tag.textContent = text }", BARE + others)
        for tag, wanted in ((self._bare, only is not None), (self._light, in_light)):
            tag.evaluate("(tag, wanted) => { tag.disabled = !wanted }", wanted)
        self._page.page.set_viewport_size({"width": width, "height": height})
        self._page.wait_until_ready()

    def _keep(self, name: str, picture: bytes) -> None:
        path = self._folder / f"{name}.png"
        path.write_bytes(_shrink(picture))
        print(f"{path} {path.stat().st_size // 1024} KiB")  # noqa: T201 - its output


def main() -> None:
    """Take the pictures."""
    everything = len(sys.argv) > 1
    folder = Path(sys.argv[1]) if everything else README
    folder.mkdir(parents=True, exist_ok=True)
    with running_demo() as demo, running_browser() as browser:
        page = DemoPage(browser, demo.url, height=HEIGHT, scale=2)
        camera = Camera(page, folder, None if everything else CHOSEN)
        page.run("/mailsettings")  # from now on it is known how the ports are
        if everything:
            camera.take("welcome", page.messages.first)
        for number, (subject, command) in enumerate(COMMANDS.items()):
            if camera.wants(subject):
                # By turns, for a member may check only so often.
                page.view_as(MEMBERS[number % len(MEMBERS)])
                message = page.run(command)
                camera.take(subject, message)
                if subject == "check-twice":
                    camera.take_screen("demo")
                if subject == "check-friend" and everything:
                    details = page.press(message, "All details")
                    camera.take("details", details)
                    camera.take("zone-file", page.press(details, "Zone file"))
                    camera.take("shared", page.press(details, "Share"))
        take_settings(page, camera)
        take_mails(page, camera)
        page.view_as(ADMIN)
        camera.take("server", page.run("/mailadmin server"))
        take_watch(page, camera)
        if everything:
            for _ in range(CHECKS_A_MINUTE + 1):
                message = page.run("/dnscheck friend.example")
            camera.take("cooldown", message)


def take_settings(page: DemoPage, camera: Camera) -> None:
    """Take what the card of the settings leads to."""
    page.view_as(MEMBERS[0])
    settings = page.run(COMMANDS["settings"])
    camera.take("profile", page.press(settings, "Apple profile"))
    camera.take("qr", page.press(settings, "QR code"))
    page.choose(settings, APP)
    camera.take("app", settings)


def take_mails(page: DemoPage, camera: Camera) -> None:
    """Take a test mail that passes and one that does not."""
    page.view_as(MEMBERS[1])
    camera.take("testmail", page.run("/testmail friend.example"))
    camera.take("testmail-passed", page.send_test_mail("friend.example"))
    failed = page.send_test_mail("friend.example", fate="changed")
    camera.take("testmail-failed", failed)
    camera.take("testmail-details", page.press(failed, "Details"))


def take_watch(page: DemoPage, camera: Camera) -> None:
    """Take what broke, the week, and the history of a domain that was put right."""
    page.let_pass(1)
    camera.take("summary", page.find("More news of today"))
    page.run("/demo-break friend.example")
    page.let_pass(2)
    camera.take("incident", page.find("There is no MX record at friend.example"))
    page.run("/demo-mend friend.example")
    page.let_pass(7)
    camera.take("incident-end", page.find("This is right again, and it stayed so."))
    camera.take("digest", page.find("The week"))
    camera.take("history", page.run("/history friend.example"))


def _shrink(png: bytes) -> bytes:
    """Return a picture with few colours, and so with fewer octets."""
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE).save(
        out, "png", optimize=True
    )
    return out.getvalue()


if __name__ == "__main__":
    main()
