"""Restart policy of the engine process."""

from dataclasses import replace
from pathlib import Path

import pytest

from imagefinder.domain.jobs import IndexReport, JobState, JobStatus, Phase, Progress
from imagefinder.domain.library import LibraryStatus
from imagefinder.ipc.client.restart_policy import RestartPolicy
from imagefinder.ipc.messages import LibraryChanged

_LIBRARY = LibraryStatus(Path("/library"), "builtin", (), 10, {}, ())
_WORKING = JobStatus(JobState.RUNNING, progress=Progress(Phase.EMBEDDING, 0, 5))


def _lives(
    health: RestartPolicy, *, items: int = 10, job: JobStatus | None = None, seconds: float = 1.0
) -> bool:
    """Simulate a run that finds ``items`` items, reports ``job`` and dies; return whether it is restarted."""
    health.begin(0.0)
    health.note_library(LibraryChanged(replace(_LIBRARY, items=items)))
    if job is not None:
        health.note_job(job)
    return health.may_go_on(seconds)


def test_the_third_death_in_a_row_is_the_last() -> None:
    health = RestartPolicy()
    assert [_lives(health) for _ in range(3)] == [True, True, False]


def test_a_death_before_it_could_say_anything_counts() -> None:
    health = RestartPolicy()
    lives = []
    for _ in range(3):
        health.begin(0.0)
        lives.append(health.may_go_on(0.1))
    assert lives == [True, True, False]


def test_at_work_on_pictures_it_may_die_four_times_so_that_the_file_is_found() -> None:
    health = RestartPolicy()
    assert [_lives(health, job=_WORKING) for _ in range(5)] == [True, True, True, True, False]


def test_while_its_model_loads_it_is_not_at_work_on_pictures() -> None:
    health = RestartPolicy()
    loading = replace(_WORKING, progress=Progress(Phase.LOADING_MODEL, 0, None))
    assert [_lives(health, job=loading) for _ in range(3)] == [True, True, False]


def test_what_a_run_left_in_the_library_breaks_the_row() -> None:
    health = RestartPolicy()
    assert all(_lives(health, items=items, job=_WORKING) for items in range(20))


def test_a_minute_of_life_breaks_the_row() -> None:
    health = RestartPolicy()
    assert [_lives(health, seconds=61) for _ in range(4)] == [True] * 4


@pytest.mark.parametrize(("cancelled", "goes_on"), [(False, True), (True, False)])
def test_a_finished_job_breaks_the_row(cancelled: bool, goes_on: bool) -> None:
    health = RestartPolicy()
    over = JobStatus(report=IndexReport(cancelled=cancelled))
    assert [_lives(health, job=over) for _ in range(3)][-1] is goes_on


def test_another_start_by_the_user_counts_anew() -> None:
    health = RestartPolicy()
    for _ in range(3):
        _lives(health)
    health.forgive()
    assert _lives(health)
