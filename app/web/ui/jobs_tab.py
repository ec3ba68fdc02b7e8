"""The Jobs tab: a place for the list of `static/js/jobs.js`."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("jobs.js")}.then(({{mountJobs}}) => mountJobs(element.querySelector('.jobs-root'), {{api: '/api'}}));
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="jobs-root"></div>',
        js_on_load=_MOUNT,
        elem_id="jobs-html",
        apply_default_css=False,
    )
