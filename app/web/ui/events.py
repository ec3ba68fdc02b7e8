"""How the page's events are wired."""

from typing import Any

QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""For every handler: answered at once in a worker thread, without Gradio's own spinners, and not in any public API.

Gradio's login covers handlers, and `app.web.security.Guard` refuses what another site's page sends.
"""

REFRESH = "() => document.dispatchEvent(new CustomEvent('annotator:refresh'))"
"""Tells the header that something has just been started."""
