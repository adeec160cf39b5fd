"""The demo in a real browser: what its welcome tells people to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from demo_page import COOLDOWN, DemoPage, running_browser
from playwright.sync_api import expect

from demo_process import running_demo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

    from demo_process import Demo

pytestmark = pytest.mark.browser

MOST_PRESSES = 12
ADD, PROOF = "Add it with these limits", "Check the proof"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def test_a_broken_domain_is_checked_mended_and_found_right(browser: Browser, demo: Demo) -> None:
    page = DemoPage(browser, demo.url)
    expect(page.messages).to_have_count(1)
    expect(page.messages.first).to_contain_text("/dnscheck [Tab] newcomer.example")

    check = page.run("/dnscheck newcomer.example")
    expect(check).to_contain_text("❌")
    expect(check).to_contain_text("Only you can see this")

    details = page.press(check, "All details")
    records = page.press(details, "All records")
    values = records.locator(".code-block").all_inner_texts()
    assert "v=spf1 include:_spf.cow.example -all" in [value.strip() for value in values]
    expect(records).to_contain_text("newcomer.example.zone.txt")

    demo.type("mend newcomer.example")
    demo.read_until(r"newcomer\.example are right now")
    page.press(check, "Check again")
    expect(check).to_contain_text("✅")
    expect(check).not_to_contain_text("❌")
    assert demo.stop() == 0


def test_a_card_is_anns_alone_until_she_shares_it(browser: Browser, demo: Demo) -> None:
    page = DemoPage(browser, demo.url)
    check = page.run("/dnscheck friend.example")
    page.view_as("Ben")
    expect(page.messages).to_have_count(1)

    page.view_as("Ann")
    page.press(page.press(check, "All details"), "Share")
    page.view_as("Ben")
    expect(page.messages).to_have_count(2)
    shared = page.messages.last
    expect(shared).to_contain_text("friend.example")
    expect(shared.get_by_role("button", name="Share", exact=True)).to_have_count(0)
    page.press(shared, "Check again")
    expect(shared).to_contain_text("✅")


def approve(page: DemoPage, kind: str, name: str) -> None:
    """Approve a request as Cleo; with DMARC the choice of the stage is left to make."""
    card = page.messages.filter(has_text=f"{kind} for {name}").filter(
        has_text="waiting for a decision"
    )
    expect(card).to_have_count(1)
    page.view_as("Cleo")
    choice = page.messages.filter(has=page.page.locator(".select-trigger"))
    page.press_until(card, "Approve", lambda: not card.count() or bool(choice.count()))


def test_dkim_is_played_from_asking_to_live_and_dmarc_has_to_wait(
    browser: Browser, demo: Demo
) -> None:
    page = DemoPage(browser, demo.url)

    page.run("/dkim newcomer.example")
    approve(page, "DKIM", "newcomer.example")
    page.view_as("Ann")
    record = page.messages.filter(has_text="Publish this DKIM record").last
    expect(record).to_contain_text("dkim._domainkey.newcomer.example")
    page.run("/demo-publish newcomer.example")
    live = page.messages.filter(has_text="The DKIM record of newcomer.example is live")
    expect(live).to_have_count(1)
    expect(live).to_contain_text("/dnscheck shows what comes next")

    told = page.run("/dmarc newcomer.example")
    expect(told).to_contain_text("because MX and SPF are not right yet")


def test_the_whole_way_from_a_broken_domain_to_strict_dmarc_is_clicked(
    browser: Browser, demo: Demo
) -> None:
    page = DemoPage(browser, demo.url)
    name = "eager.example"

    check = page.run(f"/dnscheck {name}")
    expect(check).to_contain_text("❌")
    expect(check).to_contain_text("DMARC is strict, and DKIM is not there")
    why = page.press(page.press(check, "All details"), "Why?")
    expect(why).to_contain_text("RFC 9989")

    told = page.run(f"/dkim {name}")  # there is a key, which nobody has to be asked for
    expect(told).to_contain_text("nobody has to be asked")
    page.run(f"/demo-publish {name}")
    page.press(check, "Check again")
    expect(check).to_contain_text("✅ DKIM")
    expect(page.send_test_mail(name)).to_contain_text(f"✅ Test mail of {name}")
    page.press(check, "Ask for DMARC")
    approve(page, "DMARC", name)
    choice = page.messages.filter(has=page.page.locator(".select-trigger")).last
    page.choose(choice, "p=reject: refuse forged mail")
    page.view_as("Ann")
    expect(page.messages.filter(has_text="Publish this DMARC record")).to_have_count(1)
    page.run(f"/demo-publish {name}")
    strict = page.messages.filter(has_text=f"The DMARC record of {name} is live")
    expect(strict).to_have_count(1)

    found = page.run(f"/dnscheck {name}")
    expect(found).to_contain_text("✅")
    expect(found).not_to_contain_text("❌")
    expect(found).not_to_contain_text("⚠️")


def test_the_primary_button_alone_leads_from_an_unknown_domain_to_strict_dmarc(
    browser: Browser, demo: Demo
) -> None:
    page, name = DemoPage(browser, demo.url), "fresh.example"
    stages = iter(("p=quarantine", "p=reject"))
    check = page.run(f"/dnscheck {name}")
    pressed: list[str] = []
    while "has all that it needs" not in check.inner_text():
        labels = (text.strip() for text in check.get_by_role("button").all_text_contents())
        label = next(filter(None, labels), "")  # the page's own buttons have a picture
        if "times a minute" in check.inner_text():  # nobody else is as quick as this test
            page.page.wait_for_timeout(COOLDOWN)
            check = page.run(f"/dnscheck {name}")
            continue
        pressed.append(label)
        assert len(pressed) <= MOST_PRESSES, pressed
        if label == "Check again":
            page.run(f"/demo-publish {name}")  # what the card says, as it says it
            page.press(check, label)
            continue
        page.press(check, label)
        if label == "Ask to add the domain":
            page.run(f"/demo-publish {name}")
            page.press(with_button(page, PROOF).last, PROOF)
            approve_domain(page, name)
        else:
            if pressed.count(label) == 1:  # a strict policy wants a mail that passes
                expect(page.send_test_mail(name)).to_contain_text(f"✅ Test mail of {name}")
            approve(page, "DMARC", name)
            choice = page.messages.filter(has=page.page.locator(".select-trigger")).last
            page.choose(choice, next(stages))
        page.view_as("Ann")
        check = page.run(f"/dnscheck {name}")
    # What is typed is looked for again until old answers have run out.
    asked = [label for label in pressed if label != "Check again"]
    assert asked == ["Ask to add the domain", "Ask for DMARC", "Ask for DMARC"]
    assert set(pressed) == {"Check again", *asked}


def test_a_test_mail_passes_and_one_that_was_changed_on_its_way_does_not(
    browser: Browser, demo: Demo
) -> None:
    page = DemoPage(browser, demo.url)
    passed = page.send_test_mail("friend.example")
    expect(passed).to_contain_text("✅ Test mail of friend.example")
    expect(passed).to_contain_text("✅ DKIM · ✅ SPF · ✅ DMARC")
    expect(passed).not_to_contain_text("❌")

    failed = page.send_test_mail("friend.example", fate="changed")
    expect(failed).to_contain_text("❌ Test mail of friend.example")
    expect(failed).to_contain_text("was changed after it was signed")
    details = page.press(failed, "Details")
    expect(details).to_contain_text("mx.else.example")


def test_a_key_is_changed_and_the_change_of_another_is_taken_back(
    browser: Browser, demo: Demo
) -> None:
    page = DemoPage(browser, demo.url, height=1600)
    page.view_as("Cleo")
    card = page.run("/mailadmin rotate vintage.example")
    expect(card).to_contain_text("1024 bits")
    other = page.run("/mailadmin rotate friend.example")
    asked = page.messages.filter(has_text="waiting for the new record")
    expect(asked.filter(has_text="vintage.example")).to_have_count(1)
    expect(asked.filter(has_text="friend.example")).to_have_count(1)

    page.view_as("Ann")
    check = page.run("/dnscheck vintage.example")
    expect(check).to_contain_text("cb")
    page.run("/demo-publish vintage.example")
    page.run("/demo-publish friend.example")
    page.let_pass(2)

    page.view_as("Cleo")
    page.press(card, "Look again")
    expect(card).to_contain_text("🔑 switched")
    expect(card).to_contain_text("Not proved by a mail yet")
    page.view_as("Ann")
    expect(page.send_test_mail("vintage.example")).to_contain_text(
        "✅ Test mail of vintage.example"
    )
    page.view_as("Cleo")
    page.press(card, "Look again")
    expect(card).to_contain_text("A mail that the new key had signed")

    page.press(other, "Look again")
    sure = page.press(other, "Undo")
    page.press(sure, "Go back to the old key")
    undone = page.messages.filter(has_text="friend.example").filter(has_text="taken back")
    expect(undone.first).to_be_visible()

    page.let_pass(8)
    page.press(card, "Look again")
    expect(card).to_contain_text("The old record can be deleted")
    page.view_as("Ann")
    expect(page.run("/demo-publish vintage.example")).to_contain_text("out of the DNS")
    expect(page.send_test_mail("friend.example")).to_contain_text("✅ Test mail of friend.example")


def test_settings_and_the_admins_card_show_how_the_ports_are_now(
    browser: Browser, demo: Demo
) -> None:
    page = DemoPage(browser, demo.url)
    settings = page.run("/mailsettings ann@friend.example")
    expect(settings).to_contain_text("993")
    expect(settings).to_contain_text("✅")
    page.view_as("Cleo")
    server = page.run("/mailadmin server")
    expect(server).to_contain_text("89 days")


def with_button(page: DemoPage, name: str) -> Locator:
    """Return the messages that have this button."""
    return page.messages.filter(has=page.page.get_by_role("button", name=name, exact=True))


def approve_domain(page: DemoPage, name: str) -> None:
    """Have a domain added, as Cleo, with the usual limits."""
    page.view_as("Cleo")
    card = page.messages.filter(has_text=f"Mail domain for {name}").last
    limits = with_button(page, ADD)
    page.press_until(card, "Approve", lambda: bool(limits.count()))
    page.press_until(limits.last, ADD, lambda: not limits.count())
