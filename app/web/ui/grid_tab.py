"""The Grid tab: a place for the crops of `static/js/grid.js`."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("grid.js")}
  .then(({{mountGrid}}) => mountGrid(element.querySelector('.grid-root'), {{api: '/api'}}))
  .catch((error) => {{ document.documentElement.dataset.grid = 'error'; throw error; }});
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="grid-root"></div>',
        js_on_load=_MOUNT,
        elem_id="grid-html",
        apply_default_css=False,
    )
