"""The Gradio shell: the only package that imports gradio.

Gradio makes the page, its tabs and forms; `static/js` does what must be fast (review, queue) over the HTTP API.
"""

import hmac
from collections.abc import Callable
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App

from app.services.workspace import Workspace
from app.web.importer import Importer
from app.web.security import ReviewerOf, gradio_reviewer
from app.web.ui.page import build
from app.web.ui.theme import theme

OWN_STATIC = ("gradio", "templates/frontend/static")
"""(package, folder) of the few static files of Gradio's page, which asks for them where ours are."""

_STATIC = Path(__file__).parent.parent / "static"


def mount(
    app: FastAPI, workspace: Workspace, importer: Importer, auth: tuple[str, str] | None, *, local: bool
) -> ReviewerOf | None:
    """Put the page at ``/`` of the app, behind Gradio's login where there are accounts.

    Args:
        app: gets the page as its last route, after which nothing else is reached.
        workspace: what the page works on.
        importer: what runs imports.
        auth: (user, password), or None for no login.
        local: whether only this machine reaches the app; otherwise files are written inside the workspace alone.

    Returns:
        Who a request's cookies belong to; None where there is no login.
    """
    gr.mount_gradio_app(
        app,
        build(workspace, importer, local=local),
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        auth=None if auth is None else _checker(auth),
        auth_message="FreeSOLO Annotator: log in to review.",
        head=_head(),
        theme=theme(),
        favicon_path=str(_STATIC / "favicon.svg"),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        allowed_paths=[],
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
    )
    if auth is None:
        return None
    mounted = next(each for each in (getattr(route, "app", None) for route in app.routes) if isinstance(each, App))
    return gradio_reviewer(mounted.cookie_id, mounted.tokens)


def _checker(auth: tuple[str, str]) -> Callable[[str, str], bool]:
    """Compare in constant time, so that answers do not tell how much of a password was right."""
    user, password = (part.encode() for part in auth)

    def check(given_user: str, given_password: str) -> bool:
        same_user = hmac.compare_digest(given_user.encode(), user)
        return hmac.compare_digest(given_password.encode(), password) and same_user

    return check


def _head() -> str:
    """Style sheets and the shell's script. The first line runs before anything is painted."""
    sheets = sorted(path.name for path in (_STATIC / "css").glob("*.css"))
    links = "".join(f'<link rel="stylesheet" href="/static/css/{name}">' for name in sheets)
    start = "<script>Object.assign(document.documentElement.dataset,{review:'loading',workspace:'unknown'})</script>"
    return f'{start}{links}<script type="module" src="/static/js/shell.js"></script>'
