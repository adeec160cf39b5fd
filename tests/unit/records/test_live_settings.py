"""What members are told of the ports: proven ways first, and no word more than was seen."""

from __future__ import annotations

from dataclasses import replace

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.net.port_look import CLIENT_PORTS
from bot.records.client_settings import ClientSettings, Direction, Protocol, client_settings
from bot.records.live_settings import LiveSettings, LiveState, weigh_ports
from bot.records.mail_server import MailServer
from bot.words import Words
from examples import examples
from port_looks import AT, looks

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"), spf="v=spf1 mx -all", dmarc="v=DMARC1; p=reject"
)
SETTINGS = client_settings(SERVER)
ALL = ("p993", "p143", "p465", "p587")
READING, SENDING = Direction.INCOMING, Direction.OUTGOING


def ports(settings: ClientSettings, protocol: Protocol) -> list[int]:
    return [service.port for service in settings.of(protocol)]


def test_where_all_works_nothing_changes_and_the_time_is_told() -> None:
    live = weigh_ports(SETTINGS, looks(), AT)
    assert live == LiveSettings(SETTINGS, LiveState.WORKS, AT)


def test_a_port_that_is_proven_closed_makes_room_for_one_that_works() -> None:
    live = weigh_ports(SETTINGS, looks(p465="closed"), AT)
    assert ports(live.settings, Protocol.SMTP) == [587]
    assert live.settings.of(Protocol.SMTP)[0].preferred
    assert [service.port for service in live.settings.services[:2]] == [993, 587]
    assert live.state is LiveState.WORKS


def test_what_is_said_of_sending_is_what_the_settings_say() -> None:
    def say(**others: str) -> str:
        live = weigh_ports(SETTINGS, looks(**others), AT)
        return Words().sentence("mail/settings_port_25", live.settings.facts)

    assert "send on port 465 (TLS), or on 587 (STARTTLS) where" in say()
    assert "send on port 587 (STARTTLS), or on 465 (TLS) where" in say(p465="ended")
    assert say(p465="closed").endswith("send on port 587 (STARTTLS).")


def test_a_port_of_which_nothing_is_known_comes_behind_one_that_works() -> None:
    live = weigh_ports(SETTINGS, looks(p465="silent", p993="silent"), AT)
    assert ports(live.settings, Protocol.IMAP) == [143, 993]
    assert ports(live.settings, Protocol.SMTP) == [587, 465]
    assert [service.preferred for service in live.settings.of(Protocol.SMTP)] == [True, False]
    assert live.state is LiveState.WORKS


def test_a_port_that_is_proven_bad_comes_behind_one_of_which_nothing_is_known() -> None:
    live = weigh_ports(SETTINGS, looks(p993="ended", p143="silent"), AT)
    assert ports(live.settings, Protocol.IMAP) == [143, 993]
    assert (live.state, live.concerned) == (LiveState.FAULTY, (READING,))


@pytest.mark.parametrize(
    ("others", "state", "concerned"),
    [
        ({"p465": "ended", "p587": "ended"}, "faulty", (SENDING,)),
        ({"p465": "closed", "p587": "closed"}, "faulty", (SENDING,)),
        ({"p465": "silent", "p587": "silent"}, "unknown", (SENDING,)),
        ({"p465": "silent", "p587": "ended"}, "faulty", (SENDING,)),
        ({"p993": "ended", "p143": "ended"}, "faulty", (READING,)),
        (dict.fromkeys(ALL, "ended"), "faulty", (READING, SENDING)),
        (dict.fromkeys(ALL, "silent") | {"p143": "ended"}, "faulty", (READING,)),
        ({"p995": "ended", "p110": "ended", "p4190": "closed", "p443": "closed"}, "works", ()),
    ],
)
def test_only_what_is_proven_is_called_a_fault(
    others: dict[str, str], state: str, concerned: tuple[Direction, ...]
) -> None:
    live = weigh_ports(SETTINGS, looks(**others), AT)
    assert (live.state, live.concerned) == (state, concerned)


def test_the_settings_stay_whole_where_nothing_works() -> None:
    live = weigh_ports(SETTINGS, looks("closed", p995="ended", p110="ended"), AT)
    assert live.state is LiveState.FAULTY
    assert sorted(s.port for s in live.settings.services) == [110, 143, 465, 587, 993, 995]


def test_a_host_that_refuses_everything_may_be_behind_a_firewall_of_ours() -> None:
    live = weigh_ports(SETTINGS, looks("closed"), AT)
    assert (live.state, live.concerned) == (LiveState.UNKNOWN, (READING, SENDING))
    assert live.settings == replace(SETTINGS, pop_unknown=True)


def test_nobody_looked_is_no_claim_about_anything() -> None:
    live = LiveSettings.unknown(SETTINGS)
    assert (live.state, live.at, live.concerned) == (LiveState.UNKNOWN, None, (READING, SENDING))
    assert live.settings == replace(SETTINGS, pop_unknown=True)
    assert LiveSettings.looking(SETTINGS) == LiveSettings(SETTINGS, LiveState.LOOKING)


@pytest.mark.parametrize(
    ("others", "shown", "unknown"),
    [
        ({}, [995, 110], False),
        ({"p995": "closed", "p110": "closed"}, [], False),
        ({"p995": "closed"}, [110], False),
        ({"p995": "silent"}, [110, 995], False),
        ({"p995": "closed", "p110": "silent"}, [110, 995], True),
        ({"p995": "silent", "p110": "silent"}, [995, 110], True),
        ({"p995": "ended", "p110": "ended"}, [995, 110], False),
    ],
)
def test_pop_is_left_out_only_where_it_is_proven_closed(
    others: dict[str, str], shown: list[int], *, unknown: bool
) -> None:
    settings = weigh_ports(SETTINGS, looks(**others), AT).settings
    assert ports(settings, Protocol.POP) == shown
    assert settings.pop_unknown is unknown


def test_pop_that_is_not_offered_stays_away_whatever_the_ports_say() -> None:
    settings = client_settings(replace(SERVER, pop=False))
    live = weigh_ports(settings, looks(), AT)
    assert live.settings.of(Protocol.POP) == ()
    assert not LiveSettings.unknown(settings).settings.pop_unknown


@given(
    others=st.fixed_dictionaries(
        {
            f"p{port.number}": st.sampled_from(["works", "ended", "closed", "silent"])
            for port in CLIENT_PORTS
        }
    )
)
@examples(1)
def test_there_is_always_one_first_way_to_read_and_to_send(others: dict[str, str]) -> None:
    live = weigh_ports(SETTINGS, looks(**others), AT)
    for protocol in (Protocol.IMAP, Protocol.SMTP):
        ways = live.settings.of(protocol)
        assert [way.preferred for way in ways] == [place == 0 for place in range(len(ways))]
        assert ways
        works = [others[f"p{way.port}"] == "works" for way in ways]
        assert works == sorted(works, reverse=True)
    if live.state is LiveState.WORKS:
        firsts = [live.settings.of(p)[0].port for p in (Protocol.IMAP, Protocol.SMTP)]
        assert [others[f"p{port}"] for port in firsts] == ["works", "works"]
