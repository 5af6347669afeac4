"""Whoever looks after the local Postgres: what is said, and when it is started again."""

from itertools import pairwise

from devstack.postgres.watch import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, PostgresWatch
from tooling.errors import CommandError

LOOK_EVERY_SECONDS = 2.0


class Server:
    """A server that runs, or can't be started."""

    def __init__(self) -> None:
        self.runs = True
        self.is_broken = False
        self.starts: list[float] = []
        self.now = 0.0

    def is_running(self) -> bool:
        return self.runs

    def start_again(self) -> None:
        self.starts.append(self.now)
        if self.is_broken:
            raise CommandError("Postgres did not start:\nfirst line of its log\ndisk full")
        self.runs = True


class Watched:
    """A server that is looked after, and what was said."""

    def __init__(self) -> None:
        self.server = Server()
        self.said: list[str] = []
        self._watch = PostgresWatch(self.server, self.said.append, lambda: self.server.now)

    def look_for(self, seconds: float) -> None:
        """Let time pass."""
        ends = self.server.now + seconds
        while self.server.now < ends:
            self._watch.look()
            self.server.now += LOOK_EVERY_SECONDS


def test_a_server_that_runs_is_left_alone() -> None:
    watched = Watched()
    watched.look_for(100)
    assert (watched.said, watched.server.starts) == ([], [])


def test_a_server_that_stopped_is_started_again_and_both_is_said() -> None:
    watched = Watched()
    watched.server.runs = False
    watched.look_for(10)
    stopped = "Postgres stopped: the app goes on without customers until it is back"
    assert watched.said == [stopped, "Postgres is back"]
    assert len(watched.server.starts) == 1


def test_a_server_that_somebody_else_started_is_back_too() -> None:
    watched = Watched()
    watched.server.runs = False
    watched.look_for(LOOK_EVERY_SECONDS)
    watched.server.runs = True
    watched.look_for(10)
    assert watched.said[1:] == ["Postgres is back"]
    assert watched.server.starts == []


def test_one_that_does_not_start_is_tried_less_and_less_often_and_why_is_said() -> None:
    watched = Watched()
    watched.server.runs = False
    watched.server.is_broken = True
    watched.look_for(600)
    starts = watched.server.starts
    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 2 * LOOK_EVERY_SECONDS + FIRST_WAIT_SECONDS
    assert LONGEST_WAIT_SECONDS <= pauses[-1] < LONGEST_WAIT_SECONDS + LOOK_EVERY_SECONDS
    assert watched.said[1] == "Postgres did not start; next try in 2 s (disk full)"


def test_one_that_stops_whenever_it_is_started_is_tried_less_and_less_often() -> None:
    watched = Watched()
    for _ in range(200):
        watched.server.runs = False
        watched.look_for(LOOK_EVERY_SECONDS)
    assert len(watched.server.starts) < 12


def test_one_that_ran_well_for_a_while_is_soon_started_again() -> None:
    watched = Watched()
    for _ in range(5):
        watched.server.runs = False
        watched.look_for(4 * LONGEST_WAIT_SECONDS)
    first_look_after_the_stop = [start % (4 * LONGEST_WAIT_SECONDS) for start in watched.server.starts]
    assert first_look_after_the_stop == [LOOK_EVERY_SECONDS] * 5
