"""Commands of `cliprow job` that hold back, withdraw, put before others and retry, also with other inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

import click
import msgspec

from cliprow import control
from cliprow.asking import Question
from cliprow.batches import Task
from cliprow.cli.control import count_of, lane_argument, now_option, target_of, tell
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json
from cliprow.control import Target
from cliprow.errors import Conflict, InvalidInput, NotFound
from cliprow.models import Stage

#: Options that change a scene, and the field that each changes.
_OF_SCENES = {"say": "voiceover_text", "picture": "visual_description", "heading": "heading"}


@click.command()
@click.argument("name")
@now_option
@deployment_options
@json_option
def pause(name: str, now: bool, choice: Choice, as_json: bool) -> None:
    """Hold back what waits of a job; what runs is finished."""
    done = f"is paused; what runs is {'stopped' if now else 'finished'}"
    _act(name, choice, partial(control.pause, now=now), done, as_json=as_json)


@click.command()
@click.argument("name")
@deployment_options
@json_option
def resume(name: str, choice: Choice, as_json: bool) -> None:
    """Let a paused job go on."""
    _act(name, choice, control.resume, "goes on", as_json=as_json)


@click.command()
@click.argument("name")
@deployment_options
@json_option
def cancel(name: str, choice: Choice, as_json: bool) -> None:
    """Withdraw a job; what it has made stays."""
    _act(name, choice, control.cancel, "is cancelled", as_json=as_json)


def _act(
    name: str, choice: Choice, asking: Callable[[Target], Question], done: str, *, as_json: bool
) -> None:
    with open_deployment(choice) as at:
        target, called = target_of(at, "job", name)
        at.ask(asking(target))
        found = at.get_job(str(target.id))
    if as_json:
        print_json(found)
    else:
        click.echo(f"{called} {done}.")


@click.command()
@click.argument("name")
@lane_argument
@deployment_options
@json_option
def priority(name: str, lane: str, choice: Choice, as_json: bool) -> None:
    """Put what waits of a job before others, or behind them."""
    with open_deployment(choice) as at:
        target, called = target_of(at, "job", name)
        told = at.ask(control.set_lane(target, lane))
    tell(told, f"{called} waits in the lane {lane}.", as_json=as_json)


@click.command(short_help="Run again what failed in a job, a task, a stage, or with other inputs.")
@click.argument("name")
@click.option(
    "--stage",
    type=click.Choice([stage.value for stage in Stage]),
    help="Do this stage and all that follows of it again, also of a completed job.",
)
@click.option(
    "--task",
    metavar="TASK",
    help="Only this task and what follows of it: its id, or a name like audio_generation/2 or post_processing/tiktok.",
)
@click.option("--voice", help="Speak with another voice.")
@click.option("--tone", help="Another tone; writes another script.")
@click.option("--language", help="Another language; writes another script.")
@click.option(
    "--duration", "duration_s", type=click.IntRange(5, 600), help="Other seconds; writes another script."
)
@click.option("--platforms", metavar="A,B", help="Make it for these platforms.")
@click.option("--say", multiple=True, metavar="SCENE=TEXT", help="What is spoken in a scene, like 2=Hello.")
@click.option("--picture", multiple=True, metavar="SCENE=TEXT", help="What a scene shows.")
@click.option("--heading", multiple=True, metavar="SCENE=TEXT", help="Heading of a scene.")
@click.option(
    "--changes",
    "changes_file",
    type=click.File("rb"),
    metavar="FILE",
    help='All that is to be other, as JSON like {"scenes": {"2": {"points": []}}}; - for standard input.',
)
@deployment_options
@json_option
def retry(
    name: str, stage: str | None, task: str | None, changes_file: Any, choice: Choice, as_json: bool, **given: Any
) -> None:  # fmt: skip
    """Run again what failed in a job; what was finished is kept.

    With --stage, from that stage on. With --task, one task. With other inputs exactly what depends on them is computed,
    also of a completed job.
    """
    changes = read_changes(changes_file.read() if changes_file else b"", given)
    if task is not None and (stage or changes):
        raise InvalidInput("--task excludes --stage and other inputs.", next_step="Leave either of them out.")
    with open_deployment(choice) as at:
        target, called = target_of(at, "job", name)
        if task is not None:
            asked = control.retry_task(target.id, find_task(at, target.id, task).id)
        else:
            asked = control.retry_job(target.id, Stage(stage) if stage else None, changes)
        told = at.ask(asked)
        number = at.get_job(str(target.id)).batch_number
    if as_json:
        print_json(told)
    else:
        click.echo(f"{count_of(told['retried_tasks'], 'task')} of {called.lower()} will run again.")
        click.echo(f"Next: `cliprow batch watch {number}`.")


def read_changes(document: bytes, given: dict[str, Any]) -> dict[str, Any]:
    """What is to be other than before, as `public.retry_job` takes it.

    Raises:
        InvalidInput: the document is no JSON object, or a scene is not told like 2=Text.
    """
    try:
        changes: dict[str, Any] = msgspec.json.decode(document, type=dict[str, Any]) if document else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The changes are not a JSON object: {error}.", next_step='Write them like {"voice": "…"}.'
        ) from error
    if given["platforms"]:
        changes["platforms"] = [
            each.strip().lower() for each in given["platforms"].split(",") if each.strip()
        ]
    for field in ("voice", "tone", "language", "duration_s"):
        if given[field] is not None:
            changes[field] = given[field]
    for option, field in _OF_SCENES.items():
        for scene, text in _scenes(option, given[option]):
            changes.setdefault("scenes", {}).setdefault(scene, {})[field] = text
    return changes


def _scenes(option: str, told: Iterable[str]) -> Iterable[tuple[str, str]]:
    for each in told:
        scene, equals, text = each.partition("=")
        if not equals or not scene.strip().isdecimal():
            raise InvalidInput(
                f"--{option} {each!r} does not say of which scene.",
                next_step=f"Write it like --{option} 2=Text.",
            )
        yield str(int(scene)), text


def find_task(at: Deployment, job_id: UUID, name: str) -> Task:
    """A task of a job by its id, or by stage and scope like `video_generation/2/9:16`.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    stage, *scope = name.split("/")
    tasks = at.list_tasks(job_id)
    found = [
        task
        for task in tasks
        if name == str(task.id)
        or (
            task.stage == stage and {*scope} <= {str(task.scene_number), str(task.platform), str(task.aspect)}
        )
    ]
    if not found:
        raise NotFound(f"The job has no task {name}.", next_step="`cliprow job show` lists its tasks.")
    if len(found) > 1:
        raise Conflict(
            f"{len(found)} tasks of the job are called {name}.",
            next_step=f"Say which, like {task_name(found[0])}.",
        )
    return found[0]


def task_name(task: Task) -> str:
    """What `--task` takes."""
    scope = (task.scene_number, task.platform, task.aspect if task.platform is None else None)
    return "/".join([str(task.stage), *(str(each) for each in scope if each)])


#: Of `cliprow job`.
COMMANDS = (pause, resume, cancel, priority, retry)
