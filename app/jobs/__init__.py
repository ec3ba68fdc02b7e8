"""Long work: a queue in the database, child processes, heartbeat, pause, cancel, resume, retry.

`submit`, `cancel`, `pause`, `resume`, `retry`, `get`, `list_jobs`, `waiting`, `current` and `supervise` are the whole
interface; `kinds` is where another kind of job is registered, `logs` reads what jobs wrote.
"""

from app.jobs.queue import cancel, current, get, list_jobs, pause, resume, retry, submit, waiting
from app.jobs.supervisor import Supervisor, supervise

__all__ = [
    "Supervisor",
    "cancel",
    "current",
    "get",
    "list_jobs",
    "pause",
    "resume",
    "retry",
    "submit",
    "supervise",
    "waiting",
]
