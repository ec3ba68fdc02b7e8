"""The Export tab: which masks, how encoded; check in words; write to a file or download."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import gradio as gr

from app.errors import AppError, ExportError
from app.services import catalogue, export
from app.services.workspace import Workspace
from app.store.records import InstanceState
from app.web.ui import words
from app.web.ui.events import QUIET, module

Encoding = Literal["rle", "polygons"]

_TITLE = """
<div class="heading"><h2>Export</h2>
<p>One COCO instance file: every image, and the masks you choose, pixel for pixel. Other tools read it.</p></div>
"""
_ENCODINGS = [("Run lengths (RLE): exact, with holes", "rle"), ("Polygons: for tools that read no RLE", "polygons")]
_DOWNLOAD = f"""
(states, encoding) => {module("download.js")}.then(({{download}}) => download(
  `/api/export?states=${{encodeURIComponent(states.join(','))}}&encoding=${{encodeURIComponent(encoding)}}`,
  document.querySelector('#export-download-note')))
"""
_NOTE = '<p id="export-download-note" class="note" role="status"></p>'


@dataclass(frozen=True)
class ExportTab:
    """Components that events need."""

    states: gr.CheckboxGroup
    encoding: gr.Radio
    path: gr.Textbox
    check: gr.Button
    write: gr.Button
    download: gr.Button
    report: gr.HTML
    summary: gr.HTML


def build(workspace: Workspace) -> ExportTab:
    """Lay the tab out."""
    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=300, elem_classes="card"):
            gr.HTML(html_template=_TITLE, js_on_load="", apply_default_css=False)
            gr.Dropdown([("COCO instances (JSON)", "coco")], value="coco", label="Format", interactive=True)
            states = gr.CheckboxGroup(
                choices=_choices(workspace),
                value=["accepted"],
                label="Which masks",
                elem_id="export-states",
                elem_classes="lines",
                interactive=True,
            )
            encoding = gr.Radio(
                _ENCODINGS,
                value="rle",
                label="Masks as",
                elem_id="export-encoding",
                elem_classes="lines",
                interactive=True,
            )
            path = gr.Textbox(
                str(_exports(workspace) / f"{workspace.project}-coco.json"),
                label="File on this computer",
                elem_id="export-path",
                interactive=True,
                max_lines=1,
            )
            with gr.Row(elem_classes="buttons"):
                check = gr.Button("Check", elem_id="export-check", min_width=90)
                write = gr.Button("Export", variant="primary", elem_id="export-write", min_width=90)
                download = gr.Button("Download", elem_id="export-download", min_width=90)
            gr.HTML(html_template=_NOTE, js_on_load="", apply_default_css=False)
        with gr.Column(scale=3, min_width=300):
            report = gr.HTML(elem_id="export-report", apply_default_css=False)
            summary = gr.HTML(elem_id="export-summary", apply_default_css=False)
    return ExportTab(states, encoding, path, check, write, download, report, summary)


def connect(page: gr.Blocks, tab: gr.Tab, parts: ExportTab, workspace: Workspace, *, local: bool) -> None:
    """Join the components to the export service."""

    def check(states: list[InstanceState], encoding: Encoding) -> str:
        try:
            return words.export_report(export.check(workspace, _request(states, encoding)))
        except AppError as error:
            return words.problem(str(error))

    def write(states: list[InstanceState], encoding: Encoding, path: str) -> str:
        try:
            out = _target(workspace, path, local=local)
            return words.export_report(export.write(workspace, _request(states, encoding), out), written=str(out))
        except AppError as error:
            return words.problem(str(error))

    def look() -> tuple[gr.CheckboxGroup, str]:
        return gr.CheckboxGroup(choices=_choices(workspace)), words.summary(catalogue.overview(workspace))

    chosen = [parts.states, parts.encoding]
    for button, working, work, given in (
        (parts.check, "Checking", check, chosen),
        (parts.write, "Writing", write, [*chosen, parts.path]),
    ):
        button.click(partial(words.busy, working), None, parts.report, **QUIET).then(work, given, parts.report, **QUIET)
    parts.download.click(None, chosen, None, js=_DOWNLOAD, api_visibility="private")
    tab.select(look, None, [parts.states, parts.summary], **QUIET)
    page.load(look, None, [parts.states, parts.summary], **QUIET)


def _choices(workspace: Workspace) -> list[tuple[str, str]]:
    """States with how many masks have them."""
    counts = catalogue.overview(workspace).instances
    return [
        (f"{name.capitalize()} · {words.number(counts[state])}", state) for state, name in words.STATE_NAMES.items()
    ]


def _request(states: list[InstanceState], encoding: Encoding) -> export.ExportRequest:
    if not states:
        raise ExportError("no masks are chosen: tick at least one of the states")
    return export.ExportRequest(states=tuple(states), encoding=encoding)


def _exports(workspace: Workspace) -> Path:
    return workspace.path / "exports"


def _target(workspace: Workspace, typed: str, *, local: bool) -> Path:
    """The file to write: only ever a ``.json``, so that a slip of the pen replaces no other kind of file.

    Raises:
        ExportError: it is no such name, or outside the workspace in an app that the network reaches.
    """
    if not typed.strip():
        raise ExportError("type the path of the file to write first")
    path = (_exports(workspace) / Path(typed.strip()).expanduser()).resolve()
    if path.suffix.lower() != ".json":
        raise ExportError(f"{path.name} does not end in .json: give the file such a name")
    if not local and not path.is_relative_to(_exports(workspace).resolve()):
        raise ExportError(f"over the network, only files in {_exports(workspace)} are written: use Download")
    if path.parent == _exports(workspace).resolve():
        path.parent.mkdir(exist_ok=True)
    return path
