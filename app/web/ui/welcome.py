"""What an empty workspace shows instead of empty tabs: two ways to begin."""

from dataclasses import dataclass

import gradio as gr

from app.web.ui.uploads import upload_zone

_TITLE = """
<div class="hero">
  <h2>Masks for your images, without labels</h2>
  <p>Open a folder. The app proposes a mask for every object it finds, you keep or reject each with one key,
     and leave with an exact COCO file. Everything stays on this machine.</p>
</div>
"""
_FOLDER = """
<div class="choice"><h3>Open a folder</h3>
<p>Images are read where they are, with all subfolders. Originals are never copied or changed.</p></div>
"""
_DEMO = """
<div class="choice">
<svg class="sample" viewBox="0 0 300 84" aria-hidden="true">
  <g class="frame"><rect width="92" height="84" rx="6"/><rect x="104" width="92" height="84" rx="6"/>
    <rect x="208" width="92" height="84" rx="6"/></g>
  <g class="a"><circle cx="26" cy="26" r="13"/><path d="M120 62c0-30 10-42 30-42s30 12 30 42z"/>
    <path d="M254 12c12 12 14 30 12 50h-24c-2-20 0-38 12-50z"/></g>
  <g class="b"><circle cx="62" cy="30" r="16"/><path d="M130 24l4-14 12 9zM170 24l-4-14-12 9z"/>
    <path d="M242 46l-12 18h12zM266 46l12 18h-12z"/></g>
  <g class="c"><circle cx="38" cy="60" r="14"/><circle cx="140" cy="42" r="5"/><circle cx="160" cy="42" r="5"/>
    <circle cx="254" cy="34" r="6"/></g>
</svg>
<h3>Try the demo</h3>
<p>Photographs that come with the app: a cat, coins, a motorcycle, a rocket… Proposals start at once;
   the first masks are there in a few seconds.</p></div>
"""


@dataclass(frozen=True)
class Welcome:
    """Components that events need."""

    folder: gr.Textbox
    open_folder: gr.Button
    uploads: gr.HTML
    photographs: gr.Button
    report: gr.HTML


def build() -> Welcome:
    """Lay the page out."""
    with gr.Column(elem_id="welcome"):
        gr.HTML(html_template=_TITLE, js_on_load="", apply_default_css=False)
        with gr.Row(elem_classes="choices", equal_height=True):
            with gr.Column(elem_classes="card", min_width=280):
                gr.HTML(html_template=_FOLDER, js_on_load="", apply_default_css=False)
                folder = gr.Textbox(
                    label="Folder on this computer",
                    placeholder="/home/you/pictures",
                    elem_id="welcome-folder",
                    interactive=True,
                    max_lines=1,
                )
                open_folder = gr.Button("Open the folder", variant="primary", elem_id="welcome-open")
                uploads = upload_zone("welcome-upload")
            with gr.Column(elem_classes="card", min_width=280):
                gr.HTML(html_template=_DEMO, js_on_load="", apply_default_css=False)
                photographs = gr.Button("Try the demo", variant="secondary", elem_id="welcome-demo")
        report = gr.HTML(elem_id="welcome-report", apply_default_css=False)
    return Welcome(folder, open_folder, uploads, photographs, report)
