"""The Propose tab: choose a proposer, try it on a few images, run it on all, watch and stop it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from app import jobs
from app.errors import SettingsError
from app.services import catalogue
from app.services.workspace import Workspace
from app.store.records import ImageStatus, Job
from app.web.ui import words
from app.web.ui.events import QUIET, REFRESH, module, ticking
from freesolo import proposers

TRIAL = 12
"""Images of a trial: enough to see whether a proposer suits, done in seconds."""

_KIND = "propose"
_POLL = 1.0
"""Seconds between looks at a running job."""
_LISTED_JOBS = 20

_PLAIN = {
    "union": "Best quality · one to two seconds an image",
    "default": "Without the trained network · about a second an image",
    "solo": "Five times faster · the trained network alone",
    "fast": "Without the trained network, faster · a little coarser",
    "paper": "As in the FreeSOLO paper · to compare with",
}
"""What the built-in proposers are, to people who know none of them."""

_TITLE = """
<div class="heading"><h2>Propose masks</h2>
<p>No labels and no training: the app groups what belongs together in each image and ranks the groups. Many proposals
   will be wrong; rejecting one is a single key. Decisions that you have made are never overwritten.</p></div>
"""
_PREVIEW = f"""
{module("preview.js")}.then(({{mountPreview}}) => {{
  const preview = mountPreview(element.querySelector('.preview-root'), {{api: '/api'}});
  const show = () => preview.show(JSON.parse(props.value || '[]'));
  watch('value', show);
  show();
}});
"""


@dataclass(frozen=True)
class ProposeTab:
    """Components that events need."""

    proposer: gr.Radio
    trial: gr.Button
    run: gr.Button
    stop: gr.Button
    status: gr.HTML
    preview: gr.HTML
    history: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """What `_view` fills, in its order, but for the timer."""
        return [self.trial, self.run, self.stop, self.status, self.preview, self.history]


def build() -> ProposeTab:
    """Lay the tab out."""
    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=300, elem_classes="card"):
            gr.HTML(html_template=_TITLE, js_on_load="", apply_default_css=False)
            proposer = gr.Radio(
                choices=[(_PLAIN.get(name, f"{name} · {text}"), name) for name, text in proposers.available().items()],
                value=proposers.RECOMMENDED,
                label="How",
                elem_id="propose-proposer",
                elem_classes="lines",
                interactive=True,
            )
            trial = gr.Button(f"Try on {TRIAL} images", elem_id="propose-trial")
            run = gr.Button("Propose for all images", variant="primary", elem_id="propose-run")
            stop = gr.Button("Stop", variant="stop", elem_id="propose-stop", interactive=False)
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML(elem_id="propose-status", apply_default_css=False)
            preview = gr.HTML(
                value="[]",
                html_template='<div class="preview-root"></div>',
                js_on_load=_PREVIEW,
                elem_id="propose-preview",
                apply_default_css=False,
            )
            history = gr.HTML(elem_id="propose-history", apply_default_css=False)
    return ProposeTab(proposer, trial, run, stop, status, preview, history)


def connect(page: gr.Blocks, tab: gr.Tab, parts: ProposeTab, workspace: Workspace) -> None:
    """Join the components to the job queue."""

    def look(ticked: bool = False) -> list[Any]:
        return _view(workspace, ticked)

    def try_out(proposer: str) -> list[Any]:
        return _submit(workspace, proposer, _spread(workspace))

    def run_all(proposer: str) -> list[Any]:
        return _submit(workspace, proposer, None)

    def stop() -> list[Any]:
        job = jobs.current(workspace, _KIND)
        if job is not None:
            jobs.cancel(workspace, job.id)
        return look()

    timer = gr.Timer(_POLL, active=False)  # outside the tabs: Gradio makes a tab's inside only once it is shown
    shown = [*parts.shown, timer]
    parts.trial.click(try_out, parts.proposer, shown, **QUIET).then(None, js=REFRESH)
    parts.run.click(run_all, parts.proposer, shown, **QUIET).then(None, js=REFRESH)
    parts.stop.click(stop, None, shown, **QUIET).then(None, js=REFRESH)
    timer.tick(partial(look, ticked=True), None, shown, **QUIET)
    tab.select(look, None, shown, **QUIET)
    page.load(look, None, shown, **QUIET)


def _submit(workspace: Workspace, proposer: str, image_ids: list[int] | None) -> list[Any]:
    """Queue a run, unless one is under way: two clicks are one run."""
    if jobs.current(workspace, _KIND) is None and image_ids != []:
        try:
            jobs.submit(workspace, _KIND, {"proposer": proposer, "limit": None, "image_ids": image_ids})
        except SettingsError as error:
            raise gr.Error(str(error), print_exception=False) from error
    return _view(workspace)


def _spread(workspace: Workspace) -> list[int]:
    """Ids of up to `TRIAL` images at even distances in the queue: without masks, else not begun."""
    for status in ("new", "todo"):
        total = catalogue.list_images(workspace, status, limit=1).total
        if total:
            places = sorted({index * total // TRIAL for index in range(TRIAL)})
            pages = (catalogue.list_images(workspace, status, offset=place, limit=1) for place in places)
            return [image.id for page in pages for image in page.rows]
    return []


def _view(workspace: Workspace, ticked: bool = False) -> list[Any]:
    """New values of `ProposeTab.shown` and of the timer, which has ``ticked`` or not."""
    job, history = jobs.current(workspace, _KIND), jobs.list_jobs(workspace, _LISTED_JOBS, _KIND)
    counts = catalogue.overview(workspace).images
    idle, open_images = job is None, counts["new"] + counts["todo"] + counts["doing"]
    label = (
        f"Propose for {words.plural(counts['new'], 'image')}"
        if counts["new"]
        else "Propose again for unfinished images"
    )
    return [
        gr.Button(interactive=idle and counts["new"] + counts["todo"] > 0),
        gr.Button(label, variant="primary" if counts["new"] else "secondary", interactive=idle and open_images > 0),
        gr.Button(interactive=job is not None and job.state != "cancelling"),
        words.job_progress(job) if job else _standing(history, counts),
        json.dumps(_previewed(workspace, history)),
        words.jobs_table(history),
        ticking(job is not None, ticked),
    ]


def _standing(history: list[Job], counts: Mapping[ImageStatus, int]) -> str:
    """How things are while nothing runs: the last run's fault, a forecast from the trial, what to do next."""
    last = history[0] if history else None
    lines = [words.problem(last.error)] if last is not None and last.state == "failed" else []
    lines.append(words.forecast(last.rate, counts["new"]) if last is not None and _is_trial(last) else "")
    if counts["todo"] + counts["doing"] or not counts["new"]:  # else the next step is this screen's own
        lines.append(words.next_step(counts))
    return "".join(lines)


def _is_trial(job: Job) -> bool:
    return job.args.get("image_ids") is not None


def _previewed(workspace: Workspace, history: list[Job]) -> list[int]:
    """Ids of the images whose masks are shown: those of the last trial, else the first ones to do."""
    trial = next((job for job in history if _is_trial(job)), None)
    if trial is not None and trial is history[0]:
        return list(trial.args["image_ids"])
    return [image.id for image in catalogue.list_images(workspace, "todo", limit=TRIAL).rows]
