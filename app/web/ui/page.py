"""The one page: header, first-run choices, the tabs, and the events that join them."""

import gradio as gr

from app.services.workspace import Workspace
from app.web.importer import Importer
from app.web.ui import (
    export_tab,
    grid_tab,
    import_tab,
    jobs_tab,
    propose_tab,
    quality_tab,
    queue_tab,
    review_tab,
    settings_tab,
    train_tab,
    welcome,
)

_HEADER = """
<header class="topbar">
  <h1><a class="brand" href="#/queue" aria-label="FreeSOLO Annotator, all images">
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M3 9.5 9 3l12 4-3 9.5-8 4.5-7-4z"/><circle cx="11" cy="11" r="3.2"/></svg>
    <span class="name">FreeSOLO&nbsp;Annotator</span>
  </a></h1>
  <span class="project" data-project></span>
  <span class="grow"></span>
  <div class="pill" data-pill hidden>
    <a class="text" data-pill-text href="#/jobs"></a>
    <span class="bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"><i></i></span>
    <button type="button" data-pill-cancel title="Stop; finished images stay" aria-label="Stop this job">✕</button>
  </div>
  <details class="others" data-others hidden></details>
  <span class="saved" data-saved role="status"></span>
  <button type="button" class="keys" data-keys title="Keys (?)" aria-label="Show the keys">?</button>
</header>
"""


def build(workspace: Workspace, importer: Importer, *, local: bool) -> gr.Blocks:
    """The page over one workspace."""
    title = f"{workspace.project} · FreeSOLO Annotator"
    page = gr.Blocks(title=title, fill_width=True, analytics_enabled=False)
    with page:
        gr.HTML(html_template=_HEADER, js_on_load="", elem_id="topbar", apply_default_css=False)
        first = welcome.build()
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            with gr.Tab("Import", id="import", elem_id="tab-import") as import_:
                importing = import_tab.build()
            with gr.Tab("Propose", id="propose", elem_id="tab-propose") as propose:
                proposing = propose_tab.build()
            with gr.Tab("Queue", id="queue", elem_id="tab-queue"):
                queue_tab.build()
            with gr.Tab("Review", id="review", elem_id="tab-review"):
                review_tab.build()
            with gr.Tab("Grid", id="grid", elem_id="tab-grid"):
                grid_tab.build()
            with gr.Tab("Train", id="train", elem_id="tab-train"):
                train_tab.build()
            with gr.Tab("Quality", id="quality", elem_id="tab-quality"):
                quality_tab.build()
            with gr.Tab("Export", id="export", elem_id="tab-export") as export:
                exporting = export_tab.build(workspace)
            with gr.Tab("Jobs", id="jobs", elem_id="tab-jobs"):
                jobs_tab.build()
            with gr.Tab("Settings", id="settings", elem_id="tab-settings"):
                settings_tab.build()
        import_tab.connect(page, import_, importing, first, workspace, importer)
        propose_tab.connect(page, propose, proposing, workspace)
        export_tab.connect(page, export, exporting, workspace, local=local)
    return page
