"""The Quality tab: a place for the numbers, lists and map of `static/js/quality.js`."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("quality.js")}.then(({{mountQuality}}) => mountQuality(element.querySelector('.quality-root'), {{api: '/api'}}));
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="quality-root"></div>',
        js_on_load=_MOUNT,
        elem_id="quality-html",
        apply_default_css=False,
    )
