"""Looks at what the mail server has of a domain, beside the record in the DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.dkim_keys import KEYS
from bot.errors import BackendUnreachable
from bot.names import Domain
from bot.net.certificate import Certificate
from bot.requests.backend import Capabilities, MailHosting
from bot.requests.model import Request, RequestKind, State
from bot.requests.protocols import Verification
from bot.requests.server_view import ABSENT, NO_KEY, OFF, SILENT
from request_parts import ANN, COWHERD, FRIEND, KEY, MOVER, NOON, PLACE
from watched_requests import DKIM, MAIL, NONE, watching

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile
    from watched_requests import WatchedSetup

    Start = Callable[..., Awaitable[ZoneServer]]

DOWN = BackendUnreachable("mailcow-down", writing=False, status=502)
OTHER_KEY = f"v=DKIM1;k=rsa;p={KEYS['friend']}"


def handed_out(kind: RequestKind, *, by_hand: bool = False, domain: Domain = FRIEND) -> Request:
    """Return a request whose record is to be published."""
    return Request(
        *(1, kind, domain, *PLACE, ANN, State.WAITING, 4, NOON, NOON),
        by_hand=by_hand,
        stage="none",
        value=KEY,
        selector="dkim",
    )


async def approve(parts: WatchedSetup, kind: RequestKind, stage: str | None = None) -> Request:
    """Return a request that was approved, with its record handed out."""
    request = (await parts.requests.open(kind, FRIEND, PLACE, ANN)).request
    await parts.requests.approve(request.id, COWHERD, stage=stage)
    await parts.settle()
    return await parts.now_of(request)


async def look(parts: WatchedSetup, request: Request) -> Verification:
    return await parts.verifier(request)


async def test_a_record_is_live_where_the_server_still_signs_with_its_key(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL + DKIM))) as parts:
        parts.mail.put_key(FRIEND, "dkim", KEY)
        found = await look(parts, handed_out(RequestKind.DKIM))
        assert (found.live, found.hosting, found.seen) == (True, MailHosting.ON, "")
        parts.mail.put_key(FRIEND, "dkim", OTHER_KEY)
        found = await look(parts, handed_out(RequestKind.DKIM))
        assert found.key is not None
        assert (found.live, found.key.record.text) == (False, OTHER_KEY)


async def test_a_key_that_is_gone_from_the_server_is_not_live(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL + DKIM))) as parts:
        found = await look(parts, handed_out(RequestKind.DKIM))
        assert (found.live, found.seen) == (False, NO_KEY)
        assert found.fault is not None
        assert found.fault.facts["backend"] == "File Mail"


async def test_a_dmarc_record_is_none_of_the_servers_and_needs_no_key_there(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL + NONE))) as parts:
        request = await approve(parts, RequestKind.DMARC, "none")
        found = await look(parts, request)
        assert (found.live, found.hosting) == (True, MailHosting.ON)
        parts.mail.silence = DOWN
        found = await look(parts, request)
        assert (found.live, found.hosting) == (True, MailHosting.UNKNOWN)


async def test_no_key_is_live_while_nobody_knows_with_which_one_the_server_signs(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL + DKIM))) as parts:
        request = await approve(parts, RequestKind.DKIM)
        parts.mail.silence = DOWN
        found = await look(parts, request)
        assert (found.live, found.seen, found.hosting) == (False, SILENT, MailHosting.UNKNOWN)


@pytest.mark.parametrize("gone", [True, False])
async def test_what_the_server_takes_no_mail_for_is_not_live_unless_an_admin_sees_to_it(
    tmp_path: Path, zone_server: Start, case_file: CaseFile, *, gone: bool
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL + DKIM))) as parts:
        domain = handed_out(RequestKind.DKIM).domain
        if gone:
            parts.mail.drop_domain(domain)
        else:
            parts.mail.switched_off.add(domain.ascii)
        found = await look(parts, handed_out(RequestKind.DKIM))
        assert (found.live, found.seen) == (False, ABSENT if gone else OFF)
        asked = len(parts.mail.lines("asked"))
        by_hand = await look(parts, handed_out(RequestKind.DKIM, by_hand=True))
        assert by_hand.seen not in {ABSENT, OFF}
        assert by_hand.hosting is MailHosting.UNKNOWN
        assert len(parts.mail.lines("asked")) == asked


async def test_a_server_that_never_tells_is_not_asked(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL + NONE))) as parts:
        parts.mail.capabilities = Capabilities(can_make_keys=True, can_add_domains=True)
        found = await look(parts, await approve(parts, RequestKind.DMARC, "none"))
        assert (found.live, found.hosting) == (True, MailHosting.UNKNOWN)
        assert parts.mail.lines("asked") == []


async def test_a_mail_domain_is_live_as_soon_as_the_server_takes_its_mail(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL))) as parts:
        found = await look(parts, handed_out(RequestKind.MAILDOMAIN))
        assert (found.live, found.seen, found.hosting) == (True, "", MailHosting.ON)
        found = await look(parts, handed_out(RequestKind.MAILDOMAIN, domain=MOVER))
        assert (found.live, found.seen, found.hosting) == (False, "", MailHosting.ABSENT)
        parts.mail.switched_off.add(FRIEND.ascii)
        found = await look(parts, handed_out(RequestKind.MAILDOMAIN))
        assert (found.live, found.seen, found.hosting) == (False, OFF, MailHosting.OFF)


async def test_a_domain_too_long_for_a_webmail_alias_never_has_one(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL))) as parts:
        longest = Domain.from_ascii(".".join(["a" * 61] * 4) + ".ex")
        found = await look(parts, handed_out(RequestKind.WEBMAIL, domain=longest))
        assert found == Verification(live=False)


async def test_an_alias_elsewhere_is_said_before_its_certificate_is_looked_at(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    zone = MAIL + "mail CNAME elsewhere.example.\n"
    async with watching(tmp_path, await zone_server(case_file.with_zone(zone))) as parts:
        parts.certificate = Certificate.COVERS
        found = await look(parts, handed_out(RequestKind.WEBMAIL))
        assert (found.live, found.seen) == (False, "webmail-wrong-target")


async def test_the_wait_for_a_record_is_as_long_as_its_absence_stays_in_caches(
    tmp_path: Path, zone_server: Start, case_file: CaseFile
) -> None:
    async with watching(tmp_path, await zone_server(case_file.with_zone(MAIL))) as parts:
        parts.mail.put_key(FRIEND, "dkim", KEY)
        found = await look(parts, handed_out(RequestKind.DKIM))
        assert (found.live, found.seen) == (False, "dkim-missing")
        assert found.ttl is not None
        assert found.hosting is MailHosting.ON
    broken = case_file.with_zone(MAIL, servfail=("friend.example",))
    async with watching(tmp_path, await zone_server(broken)) as parts:
        found = await look(parts, handed_out(RequestKind.DKIM))
        assert (found.live, found.ttl) == (False, None)
