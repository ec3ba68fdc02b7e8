import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import jobs
from app.errors import JobError, NotFoundError, SettingsError

STATES = ("queued", "running", "pausing", "paused", "cancelling", "done", "failed", "cancelled", "lost")


def put(ws, job, **values):
    with ws.store.write() as tx:
        tx.jobs.change(job.id, values)


@pytest.fixture
def in_state(ws):
    """Makes a job that is in a state."""

    def make(state):
        job = jobs.submit(ws, "propose", {})
        put(ws, job, state=state, attempts=1, error="why" if state in ("failed", "lost") else "")
        return job.id

    return make


def test_jobs_wait_in_their_order(ws):
    assert jobs.current(ws) is None
    first = jobs.submit(ws, "propose", {"proposer": "fast", "limit": 12})
    second = jobs.submit(ws, "propose", {})
    assert (first.state, first.args, first.done, first.attempts) == ("queued", {"proposer": "fast", "limit": 12}, 0, 0)
    assert jobs.current(ws) == first
    assert jobs.list_jobs(ws) == [second, first]
    assert jobs.list_jobs(ws, limit=1) == [second]
    put(ws, second, state="running")
    assert jobs.current(ws).id == second.id


def test_higher_priorities_go_first_then_older_ones(ws):
    made = [jobs.submit(ws, "propose", {}, priority=priority).id for priority in (0, -5, 3, 0, 3)]
    assert [job.id for job in jobs.waiting(ws)] == [made[i] for i in (2, 4, 0, 3, 1)]
    assert jobs.current(ws).id == made[2]
    with pytest.raises(JobError, match="choose one from -1000 to 1000"):
        jobs.submit(ws, "propose", {}, priority=1001)


def test_jobs_of_another_kind_are_not_in_the_way(ws):
    with ws.store.write() as tx:
        other = tx.jobs.add("dream", {})
    assert jobs.current(ws, "propose") is None
    assert jobs.list_jobs(ws, kind="propose") == []
    job = jobs.submit(ws, "propose", {})
    assert jobs.current(ws, "propose") == job
    assert (jobs.current(ws).id, len(jobs.list_jobs(ws))) == (other, 2)
    with pytest.raises(JobError, match="no jobs of kind 'dream': it has propose"):
        jobs.submit(ws, "dream", {})
    with pytest.raises(JobError, match="no jobs of kind 'dream'"):
        jobs.pause(ws, other)
    assert jobs.cancel(ws, other).state == "cancelled"


TRANSITIONS = {
    jobs.cancel: {"queued": "cancelled", "paused": "cancelled", "running": "cancelling", "pausing": "cancelling"},
    jobs.pause: {"queued": "paused", "running": "pausing", "paused": "paused", "pausing": "pausing"},
    jobs.resume: {"paused": "queued", "pausing": "running", "queued": "queued", "running": "running"},
    jobs.retry: {"failed": "queued", "lost": "queued", "cancelled": "queued"},
}


@pytest.mark.parametrize("state", STATES)
def test_cancelling_ends_what_has_not_ended_and_leaves_the_rest(ws, in_state, state):
    after = jobs.cancel(ws, in_state(state))
    assert after.state == TRANSITIONS[jobs.cancel].get(state, state)
    assert (after.finished is not None) == (after.state == "cancelled" != state)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("change", [jobs.pause, jobs.resume])
def test_what_cannot_be_done_in_a_state_is_told_and_changes_nothing(ws, in_state, change, state):
    job_id = in_state(state)
    wanted = TRANSITIONS[change].get(state)
    if wanted is None and not (change is jobs.resume and state == "cancelling"):
        with pytest.raises(JobError, match=rf"^job {job_id} is {state}: only "):
            change(ws, job_id)
        assert jobs.get(ws, job_id).state == state
    else:
        assert change(ws, job_id).state == (wanted or state)


@pytest.mark.parametrize("state", STATES)
def test_a_retried_job_begins_with_a_clean_slate(ws, in_state, state):
    job_id = in_state(state)
    if state in TRANSITIONS[jobs.retry]:
        again = jobs.retry(ws, job_id)
        assert (again.id, again.state, again.attempts, again.error, again.finished) == (job_id, "queued", 0, "", None)
    elif state in ("done", "paused"):
        with pytest.raises(JobError, match=rf"^job {job_id} is {state}: only failed, lost and cancelled jobs"):
            jobs.retry(ws, job_id)
    else:
        assert jobs.retry(ws, job_id).state == state


@pytest.mark.parametrize("change", list(TRANSITIONS))
def test_a_job_that_is_not_there_is_named(ws, change):
    with pytest.raises(NotFoundError, match="no job 99"):
        change(ws, 99)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(list(TRANSITIONS)), max_size=12))
def test_whatever_is_pressed_a_job_without_a_process_never_seems_to_have_one(ws, steps):
    job = jobs.submit(ws, "propose", {})
    for step in steps:
        try:
            step(ws, job.id)
        except JobError:
            continue
        assert jobs.get(ws, job.id).state in ("queued", "paused", "cancelled")


@pytest.mark.parametrize("proposer", ["os:getcwd", "/models/solo.safetensors", None])
def test_a_proposer_that_is_not_registered_never_enters_the_queue(ws, proposer):
    with pytest.raises(SettingsError, match="there are: union, default, solo, fast, paper"):
        jobs.submit(ws, "propose", {"proposer": proposer})
    assert jobs.list_jobs(ws) == []
