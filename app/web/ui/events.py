"""How the page's events are wired."""

from typing import Any

import gradio as gr

QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""For every handler: answered at once in a worker thread, without Gradio's own spinners, and not in any public API.

Gradio's login covers handlers, and `app.web.security.Guard` refuses what another site's page sends.
"""


def module(name: str) -> str:
    """JavaScript that imports one of our modules: ``module('queue.js') + '.then(...)'``.

    The address is complete, since browsers may resolve a relative one in evaluated code (as Gradio's is) against the
    page that evaluated the same text before: after a restart on another port that would be an app that is gone.
    """
    return f"import(`${{location.origin}}/static/js/{name}`)"


REFRESH = "() => document.dispatchEvent(new CustomEvent('annotator:refresh'))"
"""Tells the header that something has just been started."""


def ticking(running: bool, ticked: bool) -> gr.Timer | dict[str, Any]:
    """Whether a handler's timer goes on: it starts while something runs, and only its own tick (``ticked``) ends it.

    Answers may overtake each other, and one asked for before the start would otherwise stop the timer after it. Those to
    ticks come one after another.
    """
    return gr.Timer(active=running) if running or ticked else gr.skip()
