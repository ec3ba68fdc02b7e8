"""The Review tab: a place for the canvas of `static/js/review.js`."""

import gradio as gr

from app.web.ui.events import module

_MOUNT = f"""
{module("review.js")}
  .then(({{mountReview}}) => mountReview(element.querySelector('.review-root'), {{api: '/api'}}))
  .catch((error) => {{ document.documentElement.dataset.review = 'error'; throw error; }});
"""


def build() -> None:
    """Lay the tab out."""
    gr.HTML(
        html_template='<div class="review-root"></div>',
        js_on_load=_MOUNT,
        elem_id="review-html",
        apply_default_css=False,
    )
