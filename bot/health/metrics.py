"""The metrics for Prometheus; no label holds a domain, a member or any typed text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.checks.finding import Status
from bot.dns.answer import Outcome
from bot.errors import (
    BackendError,
    BackendLocked,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
)
from bot.health.acknowledgements import Acknowledgements
from bot.process_name import Duty
from bot.requests.model import State
from bot.rotations.rotation import RotationState
from bot.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.report import Report
    from bot.dns.answer import Answer
    from bot.health.running_process import RunningProcess
    from bot.telemetry import InteractionOutcome
    from bot.watch.watch_overview import WatchTally

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
_CALLS = {
    BackendUnreachable: "unreachable",
    BackendLocked: "locked",
    BackendRefused: "refused",
    BackendUnclear: "unclear",
}
_CHECKS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)  # seconds
_ACKNOWLEDGEMENTS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
_ROLES = {Duty.RUN: "leader", Duty.STANDBY: "standby", Duty.WORK: "work"}
_LAGS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 3)


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What the database tells: requests and key changes by state, messages, and the watch."""

    requests: Mapping[State, int]
    rotations: Mapping[RotationState, int]
    stuck_rotations: int
    messages: int
    watch: WatchTally


class Metrics(Telemetry):
    """Counts what happens, and holds what is looked up when somebody reads the figures.

    Of several processes on one database each has counts of its own, which can be summed up. What
    the database holds is the same for all, so the one that leads has it alone.
    """

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the lines and say nothing new
        registry = self._registry = CollectorRegistry()
        prometheus_client.ProcessCollector(registry=registry)
        prometheus_client.PlatformCollector(registry=registry)
        prometheus_client.GCCollector(registry=registry)
        self._checks = Counter(
            "cowbell_checks", "Checks of domains, by what they came to.", ["status"],
            registry=registry,
        )  # fmt: skip
        self._check_seconds = Histogram(
            "cowbell_check_seconds", "How long a check took.", buckets=_CHECKS, registry=registry
        )
        self._questions = Counter(
            "cowbell_dns_questions", "Questions to the DNS, by what they came to.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self._calls = Counter(
            "cowbell_mailcow_calls", "Calls to Mailcow, by what they came to.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self._interactions = Counter(
            "cowbell_interactions", "Commands, buttons and forms, by what they came to.",
            ["command", "outcome"], registry=registry,
        )  # fmt: skip
        self._acknowledged = Histogram(
            "cowbell_acknowledgement_seconds", "From an interaction to its first answer.",
            buckets=_ACKNOWLEDGEMENTS, registry=registry,
        )  # fmt: skip
        self._lag = Histogram(
            "cowbell_event_loop_lag_seconds", "How late the event loop wakes a task up.",
            buckets=_LAGS, registry=registry,
        )  # fmt: skip
        self._ready = Gauge("cowbell_ready", "Whether all is well: 1 or 0.", registry=registry)
        self._process = Gauge(
            "cowbell_process", "What the process is: 1 at its role, 0 at the others.",
            ["role", "process"], registry=registry,
        )  # fmt: skip
        shared = self._shared = CollectorRegistry()
        self._requests = Gauge(
            "cowbell_requests", "Requests of members, by their state.", ["state"],
            registry=shared,
        )  # fmt: skip
        self._rotations = Gauge(
            "cowbell_rotations", "Changes of DKIM keys, by their state.", ["state"],
            registry=shared,
        )  # fmt: skip
        self._stuck = Gauge(
            "cowbell_rotations_stuck",
            "Changes of DKIM keys for which the mail server does not do its part.",
            registry=shared,
        )
        self._outbox = Gauge(
            "cowbell_outbox_messages", "Messages that are still to be delivered.",
            registry=shared,
        )  # fmt: skip
        self._watched = Gauge(
            "cowbell_watched", "Domains that are watched, and the mail server.", registry=shared
        )
        self._incidents = Gauge(
            "cowbell_incidents", "Faults that the watch has told of and that are not over.",
            registry=shared,
        )  # fmt: skip
        self._late = Gauge(
            "cowbell_watch_late_seconds", "How late the look is that is due first.",
            registry=shared,
        )  # fmt: skip
        self.acknowledgements = Acknowledgements(self._acknowledged.observe)
        self.http_trace = self.acknowledgements.trace()
        self.observe_lag = self._lag.observe
        self._begin_at_zero()

    def count_check(self, report: Report) -> None:
        """Count a check and its time."""
        self._checks.labels(report.status.value).inc()
        self._check_seconds.observe(report.elapsed_ms / 1000)

    def count_answer(self, answer: Answer) -> None:
        """Count a question by its outcome."""
        self._questions.labels(answer.outcome.name.lower()).inc()

    def count_call(self, error: BackendError | None) -> None:
        """Count a call by its outcome."""
        kinds = (word for kind, word in _CALLS.items() if isinstance(error, kind))
        outcome = "answered" if error is None else next(kinds, "unclear")
        self._calls.labels(outcome).inc()

    def begin(self, interaction_id: int, came_at: float) -> None:
        """Note when an interaction began."""
        self.acknowledgements.begin(interaction_id, came_at)

    def end(self, interaction_id: int, command: str, ending: InteractionOutcome) -> None:
        """Count an interaction by what it came to."""
        self.acknowledgements.give_up(interaction_id)
        self._interactions.labels(command, ending.value).inc()

    def render(
        self, figures: StoreFigures | None, process: RunningProcess, *, ready: bool
    ) -> bytes:
        """Return all figures; None where the database told none, which are left out then."""
        self._ready.set(ready)
        for duty, role in _ROLES.items():
            self._process.labels(role, process.name.place).set(duty is process.duty)
        text = prometheus_client.generate_latest(self._registry)
        return text + self._render_shared(figures) if process.leads else text

    def _render_shared(self, figures: StoreFigures | None) -> bytes:
        self._requests.clear()
        self._rotations.clear()
        if figures is not None:
            for state in State:
                self._requests.labels(state.value).set(figures.requests.get(state, 0))
            for stage in RotationState:
                self._rotations.labels(stage.value).set(figures.rotations.get(stage, 0))
        untold = float("nan")
        self._stuck.set(untold if figures is None else figures.stuck_rotations)
        self._outbox.set(untold if figures is None else figures.messages)
        self._watched.set(untold if figures is None else figures.watch.watched)
        self._incidents.set(untold if figures is None else figures.watch.incidents)
        self._late.set(untold if figures is None else figures.watch.late)
        return prometheus_client.generate_latest(self._shared)

    def _begin_at_zero(self) -> None:
        """Show every outcome from the start: from nothing to one is no increase to Prometheus."""
        for status in Status:
            self._checks.labels(status.value)
        for outcome in Outcome:
            self._questions.labels(outcome.name.lower())
        for name in ("answered", *_CALLS.values()):
            self._calls.labels(name)
