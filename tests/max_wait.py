"""How long a test waits for what has to come.

Nothing is asserted of the time: it is long, so that a machine that is busy with other work fails no
test, and a test that fails for lack of it says what it waited for.
"""

MAX_WAIT = 60.0  # seconds
