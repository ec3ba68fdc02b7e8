import pytest

from app import jobs
from app.errors import NotFoundError, SettingsError


def test_jobs_wait_in_their_order(ws):
    assert jobs.current(ws) is None
    first = jobs.submit(ws, "propose", {"proposer": "fast", "limit": 12})
    second = jobs.submit(ws, "propose", {})
    assert (first.state, first.args, first.done, first.attempts) == ("queued", {"proposer": "fast", "limit": 12}, 0, 0)
    assert jobs.current(ws) == first
    assert jobs.list_jobs(ws) == [second, first]
    assert jobs.list_jobs(ws, limit=1) == [second]
    with ws.store.write() as tx:
        tx.jobs.change(second.id, {"state": "running"})
    assert jobs.current(ws).id == second.id


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(ws):
    waiting, running, done = (jobs.submit(ws, "propose", {}) for _ in range(3))
    with ws.store.write() as tx:
        tx.jobs.change(running.id, {"state": "running"})
        tx.jobs.change(done.id, {"state": "done"})
    assert jobs.cancel(ws, waiting.id).state == "cancelled"
    assert jobs.cancel(ws, waiting.id).finished is not None
    assert jobs.cancel(ws, running.id).state == "cancelling"
    assert jobs.cancel(ws, done.id).state == "done"
    with pytest.raises(NotFoundError, match="no job 99"):
        jobs.cancel(ws, 99)


@pytest.mark.parametrize("proposer", ["os:getcwd", "/models/solo.safetensors", None])
def test_a_proposer_that_is_not_registered_never_enters_the_queue(ws, proposer):
    with pytest.raises(SettingsError, match="there are: union, default, solo, fast, paper"):
        jobs.submit(ws, "propose", {"proposer": proposer})
    assert jobs.list_jobs(ws) == []
