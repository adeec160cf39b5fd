"""What tests of several parts share: the cases from the wild, and servers of zones."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections import ChainMap
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import yaml

from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from forked_python import ForkedPython
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
        Mapping,
    )

# Cores shared with other work are slow at times, which is no fault of what is tested. The steady
# profile, of `make test`, tries the same examples each time; the others draw new ones, and the
# long one, of `make soak`, many.
_patient = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.register_profile("fresh", _patient)
hypothesis.settings.register_profile("steady", _patient, derandomize=True, max_examples=20)
hypothesis.settings.register_profile("long", _patient, max_examples=2000)
hypothesis.settings.load_profile("fresh")

# What a shell runs in its background ignores Ctrl-C, and so would all processes of the tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(__file__).parent / "data"
COLLECTED = ("cases.yaml", "cases2.yaml")
WILD_FILES = (
    *COLLECTED,
    "wild_keys.yaml",
    "wild_names.yaml",
    "wild_places.yaml",
    "wild_spf.yaml",
)

_INTEGRATION = "tests/integration/"
# What is there for the store and for several processes; other stories have the same statements.
_ON_BOTH = (
    f"{_INTEGRATION}requests/",
    f"{_INTEGRATION}rotations/test_rotation_service.py",
    f"{_INTEGRATION}rotations/test_rotation_worker.py",
    f"{_INTEGRATION}rotations/test_stopped_rotations.py",
    f"{_INTEGRATION}services/test_retention.py",
    f"{_INTEGRATION}store/",
    f"{_INTEGRATION}watch/test_look_leases.py",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One fault from the wild; `code` is the finding that comes first, None for a control.

    `wants` are expressions that this finding's message and fixes match, `never` those that
    nothing in the report may match.
    """

    id: str
    title: str
    code: str | None
    zone: str
    servfail: tuple[str, ...]
    says: str
    wants: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All cases from the wild, which have the same environment."""

    environment: Mapping[str, str]
    domain: str
    dkim: str
    addresses: tuple[str, str]
    base_zones: Mapping[str, str]
    cases: tuple[Case, ...]

    def zones(self, case: Case) -> Zones:
        """Return the world in which the domain's zone is the one of this case."""
        return self.with_zone(case.zone, servfail=case.servfail)

    def with_zone(self, text: str, *, servfail: tuple[str, ...] = ()) -> Zones:
        """Return the world with this zone for the domain."""
        return Zones.of({**self.base_zones, self.domain: text}, servfail=servfail)


def load_cases(names: Iterable[str] = WILD_FILES) -> CaseFile:
    """Return what cases.yaml, cases2.yaml and our own files of the same form hold.

    The environment is that of cases.yaml; each file may have further zones of other people.
    """
    files: list[Any] = [yaml.safe_load((DATA / name).read_text(encoding="utf-8")) for name in names]
    raw = files[0]
    return CaseFile(
        environment=raw["environment"],
        domain=raw["domain"],
        dkim=raw["dkim_expected"],
        addresses=(raw["ip4"], raw["ip6"]),
        base_zones=ChainMap(*(file.get("base_zones", {}) for file in reversed(files))),
        cases=tuple(_case_of(row) for file in files for row in file["cases"]),
    )


def _case_of(row: Any) -> Case:
    lists: Any = {key: tuple(row.get(key, ())) for key in ("servfail", "wants", "never")}
    texts = {key: row[key] for key in ("id", "title", "code", "zone", "says")}
    return Case(**texts, **lists)


@contextmanager
def serving(server: ZoneServer) -> Iterator[ZoneServer]:
    """Run a server in a thread of its own, for tests that do not await."""
    started = threading.Event()
    loop: asyncio.AbstractEventLoop | None = None
    stop = asyncio.Event()

    async def serve() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        async with server:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(MAX_WAIT)
    try:
        yield server
    finally:
        assert loop is not None
        loop.call_soon_threadsafe(stop.set)
        thread.join(MAX_WAIT)


def pytest_collection_finish() -> None:
    """Leave the tests themselves out of each search for garbage, as they are very many."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Leave to `make soak` what is tried on PostgreSQL beyond the store, requests and leases."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        on_server = callspec is not None and callspec.params.get("database_url") == "postgresql"
        if on_server and not item.nodeid.startswith(_ON_BOTH):
            item.add_marker(pytest.mark.slow)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `case` once for each case from the wild.

    One that asks for `collected_case` leaves out our own, as it holds something besides the report.
    Its judges are held to every case by other tests, so here each fifth is enough at each change.
    """
    if "collected_case" in metafunc.fixturenames:
        cases = [
            pytest.param(case, id=case.id, marks=[pytest.mark.slow] if number % 5 else [])
            for number, case in enumerate(load_cases(COLLECTED).cases)
        ]
        metafunc.parametrize("collected_case", cases)
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", load_cases().cases, ids=lambda case: case.id)


@pytest.fixture(scope="session")
def case_file() -> CaseFile:
    """cases.yaml."""
    return load_cases()


@pytest.fixture(scope="session")
def forked_python() -> Iterator[ForkedPython]:
    """What starts processes of the program that begin with its imports done."""
    with ForkedPython() as python:
        yield python


@pytest.fixture
async def zone_server() -> AsyncIterator[Callable[..., Awaitable[ZoneServer]]]:
    """Start servers in the test's own event loop: `await zone_server(zones, delay=0.02)`."""
    async with AsyncExitStack() as stack:

        async def start(zones: Zones | Mapping[str, str], **options: Any) -> ZoneServer:
            return await stack.enter_async_context(ZoneServer(zones, **options))

        yield start


@pytest.fixture
def threaded_zone_server() -> Iterator[Callable[..., ZoneServer]]:
    """Start servers in threads, for tests that do not await: `threaded_zone_server(zones)`."""
    with ExitStack() as stack:

        def start(zones: Zones | Mapping[str, str], **options: Any) -> ZoneServer:
            return stack.enter_context(serving(ZoneServer(zones, **options)))

        yield start
