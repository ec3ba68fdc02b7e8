"""The Queue tab: a place for the virtual list of `static/js/queue.js`."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("queue.js")}.then(({{mountQueue}}) => mountQueue(
  element.querySelector('.queue-root'), {{api: '/api', onOpen: (id) => {{ location.hash = `#/review/${{id}}`; }}}}));
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="queue-root"></div>',
        js_on_load=_MOUNT,
        elem_id="queue-html",
        apply_default_css=False,
    )
