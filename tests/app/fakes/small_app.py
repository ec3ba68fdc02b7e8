"""The app without Gradio's page: the guarded API and the supervisor of jobs. ``small_app.py WORKSPACE PORT``."""

import sys
from pathlib import Path

import uvicorn

from app import jobs
from app.services.workspace import Workspace
from app.web.security import Guard
from app.web.server import make_api

workspace = Workspace.open(Path(sys.argv[1]))
port = int(sys.argv[2])
with workspace.lock(port):
    api = make_api(workspace)
    api.add_middleware(Guard)
    supervisor = jobs.supervise(workspace)
    try:
        uvicorn.run(api, port=port, log_level="warning")
    finally:
        supervisor.stop()
workspace.close()
