"""Long work: a queue in the database, one child process at a time, heartbeat, cancel, resume.

`submit`, `cancel`, `get`, `list_jobs`, `current` and `supervise` are the whole interface.
"""

from app.jobs.queue import cancel, current, get, list_jobs, submit
from app.jobs.supervisor import Supervisor, supervise

__all__ = ["Supervisor", "cancel", "current", "get", "list_jobs", "submit", "supervise"]
