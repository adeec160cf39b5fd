"""The page of the demo in a real browser, as a member uses it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

# Seconds before a press: just after the page was drawn anew, which follows what the bot does by
# itself, it turns away what is pressed.
QUIET = 0.8
TRIES = 5  # of a press that may have been turned away all the same
COOLDOWN = 30_000  # milliseconds
GROUPS = ("/mailadmin",)  # commands whose names have two words
_MESSAGE = ".channel-message[data-message-id]"
expect.set_options(timeout=1000 * MAX_WAIT)  # what is expected may come late, too
WIDE, NARROW = 720, 390  # pixels: a card at its full width, and a phone


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Yield a Chromium without a window: $CHROMIUM, or one that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise AssertionError("There is no Chromium: install it, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


class DemoPage:
    """One browser page on the demo."""

    def __init__(self, browser: Browser, url: str, *, height: int = 900, scale: float = 1) -> None:
        context = browser.new_context(
            viewport={"width": WIDE, "height": height},
            device_scale_factor=scale,
            reduced_motion="reduce",
            bypass_csp=True,  # scripts of ours may run on the page, and styles be added to it
        )
        context.set_default_timeout(MAX_WAIT * 1000)
        self.page: Page = context.new_page()
        self.page.goto(url)
        self.wait_until_ready()

    @property
    def messages(self) -> Locator:
        """All messages that the member sees, the oldest first."""
        return self.page.locator(_MESSAGE)

    def run(self, command: str, **more: str) -> Locator:
        """Return the newest message after a command, e.g. `/dnscheck friend.example`.

        What stands behind the command is its first option; `more` are others, by their names.
        """
        words = command.split(" ")
        count = 2 if words[0] in GROUPS else 1
        name, value = " ".join(words[:count]), " ".join(words[count:])
        self._rest()
        before = self._newest()
        self.page.locator("#channel-composer-input").click()
        self.page.keyboard.type(name)
        self.page.locator(".command-entry").first.wait_for()
        self.page.keyboard.press("Tab")
        self.wait_until_ready()
        if value:
            option = self.page.locator(".command-option-input").last
            if not option.count():  # it may be left out, and so is offered first
                self.page.locator(".command-suggestion").first.click()
            option.fill(value)
        for name, choice in more.items():
            self.page.locator(".command-ghost").click()
            self.page.locator(f'.command-suggestion[data-value="{name}"]').click()
            self.page.locator(f'.command-option-input[data-option="{name}"]').fill(choice)
        self.wait_until_ready()
        self.page.locator("#send-message").click()
        self._wait_for_newer_than(before)
        return self._keep(self.messages.last)

    def find(self, text: str) -> Locator:
        """Return the newest message with a text."""
        return self._keep(self.page.locator(_MESSAGE, has_text=text).last)

    def let_pass(self, days: int) -> None:
        """Let days pass, and return when they have."""
        self.run(f"/demo-days {days}")
        said = f"{days} day{' has' if days == 1 else 's have'} passed in the demo."
        self.page.locator(_MESSAGE, has_text=said).last.wait_for(timeout=5000 * MAX_WAIT)
        self._rest()

    def press(self, message: Locator, button: str) -> Locator:
        """Return the newest message after a button below another one."""
        self._rest()
        message.get_by_role("button", name=button, exact=True).click()
        self.wait_until_ready()
        return self._keep(self.messages.last)

    def send_test_mail(self, name: str, **fate: str) -> Locator:
        """Return the card of a test, after a mail was sent from a domain to its address."""
        test = self.run(f"/testmail {name}")
        address = test.locator(".code-block").first.inner_text().strip()
        self.run(f"/demo-mail {address}", domain=name, **fate)
        card = self.press(test, "Look now")
        while "times a minute" in card.inner_text():  # nobody else is as quick as a test
            self.page.wait_for_timeout(COOLDOWN)
            card = self.press(test, "Look now")
        return card

    def press_until(self, message: Locator, button: str, done: Callable[[], bool]) -> None:
        """Press a button as somebody does who sees that nothing came of it: until `done`.

        For what can be pressed twice, as a decision can: only the first counts.
        """
        for _ in range(TRIES):
            self._rest()
            pressed = message.get_by_role("button", name=button, exact=True)
            if pressed.count():
                pressed.click()
                self.wait_until_ready()
            self._rest()
            if done():
                return
        raise AssertionError(f"{button} was pressed {TRIES} times, and nothing came of it.")

    def choose(self, message: Locator, option: str) -> None:
        """Take an option of the only menu of a message."""
        self._rest()
        message.locator(".select-trigger").click()
        self.page.locator(".select-option:visible", has_text=option).click()
        self.wait_until_ready()

    def view_as(self, member: str) -> None:
        """Look at the channel as somebody else."""
        self.page.locator("#viewer-picker").select_option(label=member)
        self.wait_until_ready()

    def _rest(self) -> None:
        self.page.wait_for_timeout(1000 * QUIET)
        self.wait_until_ready()

    def _keep(self, message: Locator) -> Locator:
        """Return a locator that stays with a message when newer ones come."""
        number = message.get_attribute("data-message-id")
        return self.page.locator(f'.channel-message[data-message-id="{number}"]')

    def _newest(self) -> str:
        """Return the number of the newest message; 0 where there is none."""
        last = self.messages.last
        return (last.get_attribute("data-message-id") if last.count() else None) or "0"

    def _wait_for_newer_than(self, number: str) -> None:
        # Not for more messages than before: some go meanwhile.
        self.page.wait_for_function(
            """([selector, number]) => [...document.querySelectorAll(selector)].some(
                message => BigInt(message.dataset.messageId) > BigInt(number)
            )""",
            arg=[_MESSAGE, number],
        )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once nothing is under way and the page has taken the window's size."""
        self.page.wait_for_function(
            """() => {
                const {ready, profile, geometry} = window.simcordPreview ?? {};
                return ready && geometry.host.width === profile.width
                    && geometry.host.height === profile.height;
            }"""
        )
