"""The Train tab: a place for the data, plan, curve and models of `static/js/train.js`."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("train.js")}.then(({{mountTrain}}) => mountTrain(element.querySelector('.train-root'), {{api: '/api'}}));
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="train-root"></div>',
        js_on_load=_MOUNT,
        elem_id="train-html",
        apply_default_css=False,
    )
