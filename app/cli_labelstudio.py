"""``python -m app push | pull | sync | ml-backend``: masks go to Label Studio and come back.

python -m app push --url http://localhost:8080 --token TOKEN     both are kept in the workspace, for its owner only
python -m app push --dry-run
python -m app pull
python -m app sync --watch                                       until Ctrl+C
python -m app ml-backend                                         Label Studio asks the running app
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import typer

from app.cli_options import ResolveOption, WorkspaceOption, opened, resolution_of, stoppable
from app.errors import LabelStudioError
from app.labelstudio import access, backend, projects, watch
from app.labelstudio.access import Access
from app.labelstudio.check import check
from app.labelstudio.client import Client
from app.labelstudio.placing import WAYS
from app.labelstudio.pull import PullReport, PullRequest, pull
from app.labelstudio.push import PushReport, PushRequest, push
from app.labelstudio.regions import SHAPES
from app.report import Screen
from app.services.workspace import Workspace
from app.settings import DEFAULT_PORT
from app.store.records import INSTANCE_STATES

_CONFLICTS_SHOWN = 200

_UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="ANNOTATOR_LABEL_STUDIO_URL", help="Of Label Studio; kept.", show_default=False),
]
_TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="ANNOTATOR_LABEL_STUDIO_TOKEN",
        help="From Account & Settings there, personal or legacy; kept, for the owner of the workspace only.",
        show_default=False,
    ),
]
_ProjectOption = Annotated[
    int | None,
    typer.Option("--project", metavar="ID", help="Another project than the workspace's own; kept.", show_default=False),
]
_StatesOption = Annotated[
    str, typer.Option("--states", metavar="LIST", help="Which masks go: accepted, pending, unsure, rejected.")
]
_ShapeOption = Annotated[str, typer.Option("--shape", help="brush (any mask, smaller) or polygon; both are exact.")]
_ImagesOption = Annotated[
    str, typer.Option("--images", help=f"How Label Studio gets at the pictures: {', '.join(WAYS)}.")
]
_AddressOption = Annotated[
    str,
    typer.Option("--address", metavar="URL", help="For url: what precedes the pictures' names.", show_default=False),
]
_WhoOption = Annotated[str, typer.Option("--who", metavar="NAME", help="Under whose name the decisions stand.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]

_STATES = ",".join(PushRequest.states)


def push_(
    context: typer.Context,
    url: _UrlOption = None,
    token: _TokenOption = None,
    project: _ProjectOption = None,
    states: _StatesOption = _STATES,
    shape: _ShapeOption = "brush",
    images: _ImagesOption = "auto",
    address: _AddressOption = "",
    dry_run: _DryRun = False,
    test: Annotated[bool, typer.Option("--test", help="Only test the connection.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring images and masks into Label Studio. What is there already is not sent again; stopped, it goes on later."""
    screen = Screen()
    with opened(context, workspace, create=False) as ws, _connected(ws, url, token, project) as (client, known):
        screen.say(check(ws, client, known.project).words)
        if test:
            return
        request = _push_request(known, states, shape, images, address, dry_run=dry_run)
        with stoppable() as stop, screen.progress("Pushing") as bar:
            report = push(ws, client, request, lambda done, total: bar(done, total, None, None), stop.is_set)
        _tell_push(screen, report, dry_run=dry_run)
        if report.stopped:
            raise typer.Exit(130)


def pull_(
    context: typer.Context,
    url: _UrlOption = None,
    token: _TokenOption = None,
    project: _ProjectOption = None,
    resolve: ResolveOption = None,
    who: _WhoOption = PullRequest.who,
    everything: Annotated[bool, typer.Option("--all", help="Look at all tasks, not only at what changed.")] = False,
    dry_run: _DryRun = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring back what people made of the masks in Label Studio. What was decided here is never overwritten silently."""
    with opened(context, workspace, create=False) as ws, _connected(ws, url, token, project) as (client, known):
        request = PullRequest(who, known.project, resolution_of(resolve), everything=everything, dry_run=dry_run)
        _tell_pull(Screen(), pull(ws, client, request), dry_run=dry_run)


def sync(
    context: typer.Context,
    url: _UrlOption = None,
    token: _TokenOption = None,
    project: _ProjectOption = None,
    states: _StatesOption = _STATES,
    shape: _ShapeOption = "brush",
    images: _ImagesOption = "auto",
    address: _AddressOption = "",
    resolve: ResolveOption = None,
    who: _WhoOption = PullRequest.who,
    dry_run: _DryRun = False,
    watching: Annotated[bool, typer.Option("--watch", help="Stay in step until Ctrl+C.")] = False,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="With --watch: look so often.")] = 60.0,
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="With --watch: where Label Studio reaches this machine, to say that something was submitted.  "
            "[default: a free port, where it runs here]",
            show_default=False,
        ),
    ] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Pull, then push; with --watch again whenever something is submitted there."""
    screen = Screen()
    with opened(context, workspace, create=False) as ws, _connected(ws, url, token, project) as (client, known):
        pushing = _push_request(known, states, shape, images, address, dry_run=dry_run)
        pulling = PullRequest(who, known.project, resolution_of(resolve), dry_run=dry_run)
        back, sent = watch.sync(ws, client, pulling, pushing)
        if back is not None:
            _tell_pull(screen, back, dry_run=dry_run)
        _tell_push(screen, sent, dry_run=dry_run)
        if watching and not dry_run:
            _watch(screen, ws, client, pulling, pushing, every, listen)


def ml_backend(
    context: typer.Context,
    app: Annotated[
        str, typer.Option(metavar="URL", help="Of the running app, as Label Studio reaches it.")
    ] = f"http://localhost:{DEFAULT_PORT}",
    url: _UrlOption = None,
    token: _TokenOption = None,
    project: _ProjectOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let Label Studio ask the running app: for masks, for the object that a keypoint or a box means, for a training."""
    with opened(context, workspace, create=False) as ws, _connected(ws, url, token, project) as (client, known):
        found = backend.connect(ws, client, app, known.project)
    Screen().say(
        f"Label Studio asks {app} for masks now. Its smart tools (keypoint, box) in {found.url} give the object that they point at; "
        "Start training in the project's settings is Improve here."
    )


def _watch(
    screen: Screen,
    ws: Workspace,
    client: Client,
    pulling: PullRequest,
    pushing: PushRequest,
    every: float,
    listen: str,
) -> None:
    heard = threading.Event()
    with stoppable() as stop, ExitStack() as stack:
        host, port = _host_and_port(listen) if listen else (watch.listening_host(client), 0)
        row = projects.find(ws, client, pulling.project)
        if host and row is not None:
            receiver = watch.Receiver(host, port, heard.set)
            stack.callback(receiver.close)
            stack.enter_context(watch.subscribed(client, int(row["id"]), receiver))
            screen.say(f"Label Studio tells {receiver.url} what is submitted; besides a look every {every:g} s.")
        else:
            screen.say(f"Looking every {every:g} s; --listen lets Label Studio tell at once.")
        watch.watch(
            ws,
            client,
            pulling,
            pushing,
            every=every,
            heard=heard,
            stopped=stop.is_set,
            pulled=lambda report: _tell_pull(screen, report, dry_run=False),
            pushed=lambda report: _tell_push(screen, report, dry_run=False),
            failed=lambda error: screen.error(f"{error} (trying again)"),
        )


def _host_and_port(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise typer.BadParameter("it wants HOST:PORT, as 192.168.1.5:9000", param_hint="--listen")
    return host, int(port)


@contextmanager
def _connected(
    ws: Workspace, url: str | None, token: str | None, project: int | None
) -> Iterator[tuple[Client, Access]]:
    """A client of what was given or kept; once it was let in, that is kept."""
    kept = access.load(ws)
    if (kept is None and not (url and token)) or (kept is not None and url and url != kept.url and not token):
        raise LabelStudioError(
            "which Label Studio? Give --url and --token (Account & Settings there), or set "
            "ANNOTATOR_LABEL_STUDIO_URL and ANNOTATOR_LABEL_STUDIO_TOKEN; both are kept in the workspace"
        )
    same = kept is not None and (url is None or url == kept.url)
    known = Access(
        url or (kept.url if kept else ""),
        token or (kept.token if kept else ""),
        project if project is not None else (kept.project if kept and same else None),
    )
    with Client(known.url, known.token) as client:
        client.test()
        if known != kept:
            access.save(ws, known)
        yield client, known


def _push_request(known: Access, states: str, shape: str, images: str, address: str, *, dry_run: bool) -> PushRequest:
    chosen: tuple[Any, ...] = tuple(state.strip() for state in states.split(",") if state.strip())
    if not chosen or set(chosen) - set(INSTANCE_STATES):
        raise typer.BadParameter(f"there are {', '.join(INSTANCE_STATES)}", param_hint="--states")
    for value, there, name in ((shape, SHAPES, "--shape"), (images, WAYS, "--images")):
        if value not in there:
            raise typer.BadParameter(f"there are {', '.join(there)}", param_hint=name)
    if images == "url" and not address:
        raise typer.BadParameter("--images url needs --address", param_hint="--images")
    way: Any = images
    form: Any = shape
    return PushRequest(chosen, form, way, address, known.project, dry_run)


def _tell_push(screen: Screen, report: PushReport, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    screen.faults([(fault.path, fault.reason) for fault in report.faults])
    rate = f"; {report.seconds:.1f} s, {report.sent / max(report.seconds, 1e-9):.0f} images/s" if report.sent else ""
    screen.say(
        f"{report.tasks} images {would}added, masks of {report.sent} {would}sent ({report.masks} masks), of {report.cleared} "
        f"{would}removed; {report.unchanged} are there just so{rate}."
    )
    if report.images:
        screen.say(f"- {report.images}")
    for label in report.labels:
        screen.say(f"- the labelling interface lacked the label {label!r}: {would}added")
    if report.faults:
        screen.say(f"- {len(report.faults)} images cannot be shown there")
    if report.stopped:
        screen.say("- stopped: push again to go on")
    if report.project is not None:
        screen.say(f"- {report.project.url}")


def _tell_pull(screen: Screen, report: PullReport, *, dry_run: bool) -> None:
    would = "Would take" if dry_run else "Took"
    screen.faults(report.faults)
    did = ", ".join(f"{number} {word}" for word, number in sorted(report.did.items())) or "nothing new"
    screen.say(f"{would} {report.images} annotated images: {did}; {report.known} masks were so already.")
    if report.several:
        screen.say(f"- {report.several} images have several annotations: the latest counts")
    for each in report.conflicts[:_CONFLICTS_SHOWN]:
        kept = f"kept {each.kept}" if each.kept else "ours stays until you choose"
        screen.say(
            f"- conflict: {each.image}, mask {each.instance_id}: here {each.ours}; there {each.theirs}; {kept} ({each.task_url})"
        )
    if len(report.conflicts) > _CONFLICTS_SHOWN:
        screen.say(f"- and {len(report.conflicts) - _CONFLICTS_SHOWN} more conflicts")
    if any(each.kept is None for each in report.conflicts):
        screen.say("--resolve ours, theirs or both decides the conflicts.")
