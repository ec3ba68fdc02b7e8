"""The Settings tab: a place for `static/js/settings.js`. What is chosen there is kept in the browser."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("settings.js")}.then(({{mountSettings}}) => mountSettings(element.querySelector('.settings-root')));
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="settings-root"></div>',
        js_on_load=_MOUNT,
        elem_id="settings-html",
        apply_default_css=False,
    )
