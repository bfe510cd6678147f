"""`cliprow job create`: one topic in, without a file."""

from __future__ import annotations

from pathlib import Path

import click

from cliprow import batches, control
from cliprow.cli.amount import budget_option
from cliprow.cli.batch import check_name, finish, parse_platforms
from cliprow.cli.deployment import Choice, deployment_options, open_deployment
from cliprow.cli.output import check_out, json_option, out_option, print_json
from cliprow.cli.timing import Timing, timing_options
from cliprow.errors import InvalidInput
from cliprow.models import ScriptType, Tone
from cliprow.topic_rows import TopicRow


@click.command(short_help="Create one job from a topic.")
@click.argument("topic")
@click.option("--project", default="My channel", show_default=True, callback=check_name, help="Made if new.")
@click.option("--platforms", default="youtube", show_default=True, help="What it is for: a,b,c.")
@click.option("--brief", default="", help="What is to be said.")
@click.option("--audience", default="", help="Whom it is for.")
@click.option("--tone", type=click.Choice(list(map(str, Tone))), help="How it sounds.")
@click.option("--script-type", type=click.Choice(list(map(str, ScriptType))), help="How it is built.")
@click.option("--language", help="Like en or pt-BR.")
@click.option("--duration", "duration_s", type=click.IntRange(5, 600), help="About how many seconds.")
@click.option("--priority", type=click.Choice(control.LANES), help="The lane it waits in.")
@click.option("--voice", help="Who speaks.")
@click.option(
    "--idempotency-key", metavar="KEY", help="The same key again gives the same job, not a second one."
)
@budget_option
@timing_options
@click.option("--wait", is_flag=True, help="Stay until it has ended, and export the files.")
@out_option
@deployment_options
@json_option
def create(
    topic: str,
    project: str,
    platforms: str,
    brief: str,
    audience: str,
    tone: str | None,
    script_type: str | None,
    language: str | None,
    duration_s: int | None,
    priority: str | None,
    voice: str | None,
    idempotency_key: str | None,
    budget: float | None,
    timing: Timing,
    wait: bool,
    out: Path,
    choice: Choice,
    as_json: bool,
) -> None:
    """Create one job, a batch of its own, from TOPIC."""
    if wait:
        check_out(out)
    if not project:
        raise InvalidInput("The project has no name.", next_step="Name it with --project, or leave that out.")
    with open_deployment(choice, gateway=wait) as at:
        row = TopicRow(
            line=1,
            topic=topic,
            brief=brief,
            audience=audience,
            tone=Tone(tone) if tone else None,
            script_type=ScriptType(script_type) if script_type else None,
            language=language,
            duration_s=duration_s,
            priority=priority,
        )
        options = timing.options(at) | ({} if budget is None else {"budget": budget})
        # Those of the job, not of its batch: `cliprow job deadline` changes them.
        end = {name: options.pop(name) for name in ("deadline", "on_deadline") if name in options}
        whole = batches.as_topic(row, [], parse_platforms(platforms, at.offered_platforms())) | end
        if voice:
            whole["voice"] = voice
        created, is_new = at.create_batch(
            at.find_or_create_project(project),
            [whole],
            options={"job_type": "single", **options},
            idempotency_key=idempotency_key,
        )
        if wait:
            finish(at, created, out, as_json=as_json)
            return
        job = at.get_job(f"{created.number}.1")
    if as_json:
        print_json(job)
    else:
        name = f"Job {created.number}.1"
        click.echo(
            f"{name} waits for a worker."
            if is_new
            else f"{name} was made with this key before; it is {job.status}."
        )
        click.echo(f"Next: `cliprow batch watch {created.number}` runs a worker and shows progress.")
