"""How long a server takes to answer, and how long to wait for it before sending again.

The wait is that of RFC 6298: the mean of the round trips and four times their spread. Sending
again so soon pays where a datagram was lost. It is in vain where the answer only takes its time,
as that of a resolver does which knows one name and has to ask others for the next; so of the
datagrams sent again soon, only one in a few hundred questions may turn out to be in vain.
"""

from __future__ import annotations

from typing import Final

FIRST_WAIT: Final = 0.4  # seconds to wait for a server whose round trip is not known
_LEAST_SPREAD: Final = 0.01  # seconds above the mean: timers and busy machines are as exact
_MEAN_GAIN: Final = 1 / 8  # RFC 6298 section 2.3
_SPREAD_GAIN: Final = 1 / 4
_SPREADS: Final = 4
_OUTLIER: Final = 4  # times the mean: one slow look-up must not count for many
_EARNED: Final = 1 / 200  # of a datagram that may be sent in vain, for each answer
_MOST: Final = 16.0  # of them, at a time
_PROVEN: Final = 1.5  # of them, for each that was not in vain: where datagrams are lost, it pays


class RoundTrip:
    """The round trips to one server, each measured from one datagram to the reply to it.

    Each datagram has an id of its own, so the reply to one sent again counts too; Karn's rule is
    for protocols that cannot tell (RFC 6298 section 3).
    """

    __slots__ = ("_mean", "_room", "_spread")

    def __init__(self) -> None:
        self._mean = -1.0
        self._spread = 0.0
        self._room = _MOST / 2

    @property
    def is_known(self) -> bool:
        """Whether the server has ever answered."""
        return self._mean >= 0

    @property
    def wait(self) -> float:
        """Seconds after which a reply is late."""
        if not self.is_known:
            return FIRST_WAIT
        return self._mean + max(_LEAST_SPREAD, _SPREADS * self._spread)

    @property
    def long_wait(self) -> float:
        """Seconds after which a question is sent again whatever has been in vain before."""
        return max(self.wait, FIRST_WAIT)

    def note(self, seconds: float) -> None:
        """Note that a reply came so many seconds after its datagram was sent."""
        self._room = min(self._room + _EARNED, _MOST)
        if not self.is_known:
            self._mean, self._spread = seconds, seconds / 2
            return
        sample = min(seconds, _OUTLIER * self._mean + _LEAST_SPREAD)
        self._spread += (abs(sample - self._mean) - self._spread) * _SPREAD_GAIN
        self._mean += (sample - self._mean) * _MEAN_GAIN

    def take_room(self) -> bool:
        """Return whether a datagram may be sent before the long wait is over, and count it."""
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def give_back_room(self) -> None:
        """Take such a datagram as not in vain: it was answered, and none before it."""
        self._room = min(self._room + _PROVEN, _MOST)
