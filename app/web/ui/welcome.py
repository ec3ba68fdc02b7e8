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
<div class="choice"><h3>Try the demo</h3>
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
