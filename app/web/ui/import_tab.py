"""The Import tab: a folder, uploads, or the demo; and the report.

Below it, annotations of other tools: a place for the form of `static/js/annotations.js`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from app.services import catalogue
from app.services.workspace import Workspace
from app.web import demo
from app.web.importer import Importer
from app.web.ui import words
from app.web.ui.events import QUIET, REFRESH, module, ticking
from app.web.ui.uploads import upload_zone
from app.web.ui.welcome import Welcome

_POLL = 0.4
"""Seconds between looks at a running import."""

_TITLE = """
<div class="heading"><h2>Add images</h2>
<p>JPEG, PNG, WebP, TIFF, BMP. Subfolders are included; originals are only read. Importing a folder again
   finds what is new or changed.</p></div>
"""
_ANNOTATIONS = f"""
{module("annotations.js")}.then(({{mountAnnotations}}) => mountAnnotations(
  element.querySelector('.annotations-root'), {{api: '/api'}}));
"""

Shown = tuple[Any, Any, str, Any]
"""Report here, report of the first-run page, summary, timer."""


@dataclass(frozen=True)
class ImportTab:
    """Components that events need."""

    folder: gr.Textbox
    start: gr.Button
    photographs: gr.Button
    uploads: gr.HTML
    report: gr.HTML
    summary: gr.HTML


def build() -> ImportTab:
    """Lay the tab out."""
    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=300, elem_classes="card"):
            gr.HTML(html_template=_TITLE, js_on_load="", apply_default_css=False)
            folder = gr.Textbox(
                label="Folder on this computer",
                placeholder="/home/you/pictures",
                elem_id="import-folder",
                interactive=True,
                max_lines=1,
            )
            start = gr.Button("Import the folder", variant="primary", elem_id="import-start")
            uploads = upload_zone("import-upload")
            photographs = gr.Button("Add the demo photographs", elem_id="import-demo", size="md")
        with gr.Column(scale=3, min_width=300):
            report = gr.HTML(elem_id="import-report", apply_default_css=False)
            summary = gr.HTML(elem_id="import-summary", apply_default_css=False)
    gr.HTML(
        html_template='<div class="annotations-root"></div>',
        js_on_load=_ANNOTATIONS,
        elem_id="annotations-html",
        apply_default_css=False,
    )
    return ImportTab(folder, start, photographs, uploads, report, summary)


def connect(
    page: gr.Blocks, tab: gr.Tab, parts: ImportTab, welcome: Welcome, workspace: Workspace, importer: Importer
) -> None:
    """Join the components of this tab and of the first-run page to the importer."""
    timer = gr.Timer(_POLL, active=False)  # outside the tabs: Gradio makes a tab's inside only once it is shown
    shown = [parts.report, welcome.report, parts.summary, timer]

    def look(problem: str = "", ticked: bool = False) -> Shown:
        run = importer.last()  # once: it may end between two looks
        text = words.problem(problem) if problem else words.import_run(run) if run else gr.skip()
        summary = words.summary(catalogue.overview(workspace))
        return text, text, summary, ticking(run is not None and run.running, ticked)

    def begin(start: Callable[[], bool]) -> Shown:
        return look() if start() else look("another import is running: wait until it has finished")

    def folder(path: str) -> Shown:
        if not path.strip():
            return look("type or paste the path of a folder first")
        return begin(lambda: importer.start_folder(Path(path.strip()).expanduser()))

    def photographs() -> Shown:
        return begin(lambda: demo.start(workspace, importer))

    for box, button in ((parts.folder, parts.start), (welcome.folder, welcome.open_folder)):
        gr.on([button.click, box.submit], folder, box, shown, **QUIET).then(None, js=REFRESH)
    for button in (parts.photographs, welcome.photographs):
        button.click(photographs, None, shown, **QUIET).then(None, js=REFRESH)
    for zone in (parts.uploads, welcome.uploads):
        zone.submit(look, None, shown, **QUIET).then(None, js=REFRESH)
    tab.select(look, None, shown, **QUIET)
    timer.tick(partial(look, ticked=True), None, shown, **QUIET)
    page.load(look, None, shown, **QUIET)
