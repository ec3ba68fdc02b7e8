"""The Export tab: which format, which masks; check in words what it loses; write to a file or download.

Below it, Label Studio: a place for the forms of `static/js/label-studio.js`.
"""

from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import gradio as gr

from app.errors import AppError, ExportError
from app.formats import registry
from app.services import catalogue, export
from app.services.workspace import Workspace
from app.store.records import InstanceState
from app.web.ui import words
from app.web.ui.events import QUIET, module

_TITLE = """
<div class="heading"><h2>Export</h2>
<p>Every image and the masks you choose, in the format that your other tools read. Check compares each mask with what the
file would give back.</p></div>
"""
_ENCODINGS = {
    "rle": "Run lengths (RLE): exact, with holes",
    "polygons": "Polygons: exact along pixel edges",
    "simplified": "Simplified outlines: fewer points, within a pixel",
    "masks": "Pixels: exact, with holes",
}
_DOWNLOAD = f"""
(format, states, encoding) => {module("download.js")}.then(({{download}}) => download(
  `/api/export?${{new URLSearchParams({{format, states: states.join(','), encoding: encoding ?? ''}})}}`,
  document.querySelector('#export-download-note')))
"""
_FIRST = next(iter(registry.FORMATS))
_LABEL_STUDIO = f"""
{module("label-studio.js")}.then(({{mountLabelStudio}}) => mountLabelStudio(
  element.querySelector('.label-studio-root'), {{api: '/api'}}));
"""
_NOTE = '<p id="export-download-note" class="note" role="status"></p>'


@dataclass(frozen=True)
class ExportTab:
    """Components that events need."""

    format: gr.Dropdown
    about: gr.HTML
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
            format_, about = _format_choice()
            states = gr.CheckboxGroup(
                choices=_choices(workspace),
                value=["accepted"],
                label="Which masks",
                elem_id="export-states",
                elem_classes="lines",
                interactive=True,
            )
            encoding = gr.Radio(
                _ways(_FIRST),
                value=_ways(_FIRST)[0][1],
                label="Masks as",
                elem_id="export-encoding",
                elem_classes="lines",
                interactive=True,
            )
            path = gr.Textbox(
                _usual_path(workspace, _FIRST),
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
    gr.HTML(
        html_template='<div class="label-studio-root"></div>',
        js_on_load=_LABEL_STUDIO,
        elem_id="label-studio-html",
        apply_default_css=False,
    )
    return ExportTab(format_, about, states, encoding, path, check, write, download, report, summary)


def _format_choice() -> tuple[gr.Dropdown, gr.HTML]:
    format_ = gr.Dropdown(
        [(each.title, each.name) for each in registry.FORMATS.values()],
        value=_FIRST,
        label="Format",
        elem_id="export-format",
        interactive=True,
    )
    return format_, gr.HTML(_about(_FIRST), elem_id="export-about", apply_default_css=False)


def connect(page: gr.Blocks, tab: gr.Tab, parts: ExportTab, workspace: Workspace, *, local: bool) -> None:
    """Join the components to the export service."""

    def check(format_: str, states: list[InstanceState], encoding: str | None) -> str:
        try:
            return words.export_report(export.check(workspace, _request(format_, states, encoding)))
        except AppError as error:
            return words.problem(str(error))

    def write(format_: str, states: list[InstanceState], encoding: str | None, path: str) -> str:
        try:
            request = _request(format_, states, encoding)
            out = _target(workspace, path, registry.get(format_).suffix, local=local)
            return words.export_report(export.write(workspace, request, out), written=str(out))
        except AppError as error:
            return words.problem(str(error))

    def choose(format_: str) -> tuple[str, gr.Radio, str, str]:
        ways = _ways(format_)
        radio = gr.Radio(ways, value=ways[0][1] if ways else None, visible=bool(ways))
        return _about(format_), radio, _usual_path(workspace, format_), ""

    def look() -> tuple[gr.CheckboxGroup, str]:
        return gr.CheckboxGroup(choices=_choices(workspace)), words.summary(catalogue.overview(workspace))

    chosen = [parts.format, parts.states, parts.encoding]
    parts.format.input(choose, parts.format, [parts.about, parts.encoding, parts.path, parts.report], **QUIET)
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


def _about(name: str) -> str:
    """What a format keeps and loses."""
    format_ = registry.get(name)
    return f"<p><b>Keeps</b> {escape(format_.keeps)}.</p><p><b>Loses</b> {escape(format_.loses)}.</p>"


def _ways(name: str) -> list[tuple[str, str]]:
    """How a format can write masks, where there is a choice."""
    return [(_ENCODINGS[encoding], encoding) for encoding in registry.get(name).encodings]


def _usual_path(workspace: Workspace, name: str) -> str:
    return str(_exports(workspace) / f"{workspace.project}-{name}{registry.get(name).suffix}")


def _request(format_: str, states: list[InstanceState], encoding: str | None) -> export.ExportRequest:
    if not states:
        raise ExportError("no masks are chosen: tick at least one of the states")
    return export.ExportRequest(format_, tuple(states), encoding or "")


def _exports(workspace: Workspace) -> Path:
    return workspace.path / "exports"


def _target(workspace: Workspace, typed: str, suffix: str, *, local: bool) -> Path:
    """The file to write: only ever one with the format's suffix, so that a slip of the pen replaces no other kind of file.

    Raises:
        ExportError: it is no such name, or outside the workspace in an app that the network reaches.
    """
    if not typed.strip():
        raise ExportError("type the path of the file to write first")
    path = (_exports(workspace) / Path(typed.strip()).expanduser()).resolve()
    if path.suffix.lower() != suffix:
        raise ExportError(f"{path.name} does not end in {suffix}: give the file such a name")
    if not local and not path.is_relative_to(_exports(workspace).resolve()):
        raise ExportError(f"over the network, only files in {_exports(workspace)} are written: use Download")
    if path.parent == _exports(workspace).resolve():
        path.parent.mkdir(exist_ok=True)
    return path
