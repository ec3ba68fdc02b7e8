"""Numbers, times and reports in words, as HTML. Everything that comes from outside is escaped here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from textwrap import shorten

from app.services.catalogue import Overview
from app.services.export import ExportReport
from app.services.ingest import IngestReport
from app.store.records import ImageStatus, InstanceState, Job
from app.web.importer import Run

LISTED_FAULTS = 200
"""Faults of an import that are listed; the rest is counted."""

_LONGEST_MESSAGE = 160
"""Characters of a job's message in the list of runs; the last run's is told in full above it."""

STATE_NAMES: dict[InstanceState, str] = {
    "accepted": "accepted",
    "pending": "not decided",
    "unsure": "unsure",
    "rejected": "rejected",
}

_STATUS_NAMES: dict[ImageStatus, str] = {
    "done": "done",
    "doing": "begun",
    "todo": "to review",
    "new": "without proposals",
    "error": "not readable",
}

_JOB_STATES = {
    "queued": "waiting",
    "running": "running",
    "pausing": "pausing",
    "paused": "paused",
    "cancelling": "stopping",
    "done": "finished",
    "failed": "failed",
    "cancelled": "stopped",
    "lost": "interrupted",
}


def number(value: int) -> str:
    """1234 -> ``1,234``."""
    return f"{value:,}"


def plural(value: int, thing: str) -> str:
    """``1 image``, ``2 images``."""
    return f"{value:,} {thing}" if value == 1 else f"{value:,} {thing}s"


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 1:
        return "less than a second"
    if seconds < 90:
        return plural(round(seconds), "second")
    if seconds < 90 * 60:
        return plural(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def bar(done: int, total: int, label: str) -> str:
    """A progress bar; one that moves to and fro while the total is unknown."""
    if total <= 0:
        return f'<div class="bar unknown" role="progressbar" aria-label="{escape(label)}"><i></i></div>'
    share = min(100.0, 100.0 * done / total)
    return (
        f'<div class="bar" role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share:.0f}"><i style="width:{share:.1f}%"></i></div>'
    )


def busy(sentence: str) -> str:
    """Something that takes a moment."""
    return f'<section class="card" role="status"><h3>{escape(sentence)}</h3>{bar(0, 0, sentence)}</section>'


def problem(sentence: str) -> str:
    """An error, for people."""
    return f'<p class="problem" role="alert">{escape(_sentence(sentence))}</p>'


def import_run(run: Run) -> str:
    """How an import goes, or went."""
    if run.error:
        return problem(run.error)
    if run.report is not None:
        return _import_report(run.what, run.report)
    looked = f"{number(run.done)} of {plural(run.total, 'file')}" if run.total else "Looking for image files"
    title = f"Importing {escape(run.what)}"
    body = f"<h3>{title}</h3>{bar(run.done, run.total, 'Import')}<p>{looked}</p>"
    return f'<section class="card" role="status">{body}</section>'


def _import_report(what: str, report: IngestReport) -> str:
    cells = [
        ("new", report.added, ""),
        ("known already", report.known, ""),
        ("changed since", report.changed, ""),
        ("not usable", len(report.faults), "bad" if report.faults else ""),
    ]
    numbers = "".join(f'<div class="{kind}"><dt>{name}</dt><dd>{number(n)}</dd></div>' for name, n, kind in cells)
    return (
        f'<section class="card" role="status" data-import="done"><h3>Imported {escape(what)}</h3>'
        f'<dl class="numbers">{numbers}</dl><p class="quiet">Took {duration(report.seconds)}.</p>'
        f"{_faults(report)}</section>"
    )


def _faults(report: IngestReport) -> str:
    if not report.faults:
        return ""
    rows = "".join(
        f"<tr><td>{escape(fault.path)}</td><td>{escape(fault.reason)}</td></tr>"
        for fault in report.faults[:LISTED_FAULTS]
    )
    left = len(report.faults) - LISTED_FAULTS
    more = f'<p class="quiet">and {number(left)} more</p>' if left > 0 else ""
    return (
        '<h4>Left out or not readable</h4><div class="scroll" tabindex="0" role="region" aria-label="Files left out">'
        f'<table class="rows"><thead><tr><th scope="col">File</th><th scope="col">Why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def summary(now: Overview) -> str:
    """The workspace in two bars: images by status, masks by state."""
    images = [(_STATUS_NAMES[status], status, now.images[status]) for status in _STATUS_NAMES]
    masks = [(name, state, now.instances[state]) for state, name in STATE_NAMES.items()]
    return (
        f'<section class="card" data-summary><h3>In this workspace</h3>'
        f"{_shares(plural(now.total, 'image'), images)}{_shares(plural(sum(now.instances.values()), 'mask'), masks)}"
        f"{next_step(now.images)}</section>"
    )


def _shares(title: str, parts: Sequence[tuple[str, str, int]]) -> str:
    """A bar of parts, (name, kind, number), with a legend in words; the bar itself says nothing that those do not."""
    present = [part for part in parts if part[2]]
    bars = "".join(f'<i class="{kind}" style="flex-grow:{count}"></i>' for _, kind, count in present)
    legend = "".join(f'<li><i class="{kind}"></i>{name} <b>{number(count)}</b></li>' for name, kind, count in present)
    return f'<h4>{title}</h4><div class="shares" aria-hidden="true">{bars}</div><ul class="legend">{legend}</ul>'


def job_progress(job: Job) -> str:
    """A job under way."""
    stopping = job.state == "cancelling"
    title = "Stopping after the image at hand" if stopping else "Proposing masks"
    facts = [f"{number(job.done)} of {plural(job.total, 'image')}" if job.total else "Starting the proposer"]
    if job.rate:
        facts.append(_speed(job.rate))
    if job.seconds_left is not None and not stopping:
        facts.append(f"{duration(job.seconds_left)} left")
    return (
        f'<section class="card" role="status" data-job="{job.state}"><h3>{title}</h3>'
        f"{bar(job.done, job.total, 'Proposals')}<p>{' · '.join(facts)}</p></section>"
    )


def forecast(rate: float | None, images: int) -> str:
    """What a trial tells of the rest; empty where there is no rest."""
    if not rate or not images:
        return ""
    return (
        f'<p class="forecast"><b>{_speed(rate)}</b> in the trial: the other {plural(images, "image")} would take '
        f"about <b>{duration(images / rate)}</b>.</p>"
    )


def next_step(counts: Mapping[ImageStatus, int]) -> str:
    """What a person can do now, with a link."""
    ready = counts["todo"] + counts["doing"]
    if ready:
        text = f"{plural(ready, 'image')} with masks to review"
        return f'<p class="next"><a class="go" href="#/review">Review now</a> <span>{text}</span></p>'
    if counts["new"]:
        text = f"{plural(counts['new'], 'image')} without masks"
        return f'<p class="next"><a class="go" href="#/propose">Propose masks</a> <span>{text}</span></p>'
    if sum(counts.values()) == 0:
        return '<p class="next"><a class="go" href="#/import">Import images</a> <span>first.</span></p>'
    return '<p class="next"><a class="go" href="#/export">Export</a> <span>Every image is done.</span></p>'


def jobs_table(jobs: list[Job]) -> str:
    """Earlier runs, newest first."""
    if not jobs:
        return ""
    rows = "".join(
        f'<tr><td class="fixed">{_clock(job.created)}</td><td>{escape(str(job.args.get("proposer", "")))}</td>'
        f'<td class="fixed"><span class="tag {job.state}">{_JOB_STATES[job.state]}</span></td>'
        f'<td class="n">{number(job.done)} / {number(job.total)}</td><td class="n">{_speed(job.rate)}</td>'
        f"<td>{escape(shorten(job.error or job.message, _LONGEST_MESSAGE, placeholder=' …'))}</td></tr>"
        for job in jobs
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Started", "Proposer", "State"))
    head += "".join(f'<th scope="col" class="n">{name}</th>' for name in ("Images", "Speed"))
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table class="rows">'
        f'<thead><tr>{head}<th scope="col">Message</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def export_report(report: ExportReport, written: str = "") -> str:
    """What an export holds and what it cannot carry; ``written``: where it lies, empty for a check."""
    title = "Written" if written else "Check"
    facts = f"<p><b>{plural(report.annotations, 'mask')}</b> on <b>{plural(report.images, 'image')}</b>.</p>"
    if written:
        facts += f'<p class="path" data-written>{escape(written)}</p>'
    left = [f"{plural(n, 'mask')} {STATE_NAMES[state]}" for state, n in report.left_out.items() if n]
    if left:
        facts += f'<p class="quiet">Left out: {", ".join(left)}.</p>'
    losses = "".join(f"<li>{escape(_sentence(loss))}</li>" for loss in report.losses)
    verdict = (
        f'<h4 class="warn">What this file cannot carry</h4><ul>{losses}</ul>'
        if losses
        else '<p class="good">Nothing is lost: every mask is in the file pixel for pixel.</p>'
    )
    notes = "".join(f"<li>{escape(_sentence(note))}</li>" for note in report.notes)
    notes = f"<h4>Good to know</h4><ul>{notes}</ul>" if notes else ""
    body = f"<h3>{title}</h3>{facts}{verdict}{notes}"
    return f'<section class="card" role="status" data-export="{title.lower()}">{body}</section>'


def _speed(rate: float | None) -> str:
    """Images a second, or seconds an image where those are more."""
    if not rate:
        return ""
    return f"{rate:.1f} images/s" if rate >= 1 else f"{1 / rate:.1f} s an image"


def _clock(stamp: str) -> str:
    """An ISO time in UTC as local time of day, with the date."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).astimezone().strftime("%d %b, %H:%M")


def _sentence(text: str) -> str:
    """Capital letter first, full stop last."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
