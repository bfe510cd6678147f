"""`cliprow content`: what is stored, whether it is sound, and what nothing refers to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from cliprow.asking import Question
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import shown

_PARTS = ("stage", "project", "day", "tenant")
#: Between two looks whether checks have ended, in seconds.
_LOOK_S = 1.0


@click.group()
def content() -> None:
    """Look after stored content."""


@content.command()
@click.option("--dry-run", is_flag=True, help="Only say what could be removed.")
@deployment_options
@json_option
def gc(dry_run: bool, choice: Choice, as_json: bool) -> None:
    """Condemn what nothing refers to; workers remove it after the grace time. For admins and owners."""
    with open_deployment(choice) as at:
        told = at.ask(
            Question(sql="select public.content_garbage()", path="/content/garbage")
            if dry_run
            else Question(
                sql="select public.collect_garbage()", method="POST", path="/content/garbage", body={}
            )
        )
    if as_json:
        print_json(told)
        return
    print_table(
        ["State", "Artifacts", "Files", "Bytes"],
        [
            [name, told[name].get("artifacts"), told[name].get("files"), f"{told[name]['bytes']:,}"]
            for name in ("unreferenced", "condemned", "orphans", "removing", "freed")
        ],
    )
    if told["condemned"].get("next_removal_at"):
        click.echo(f"The first of what is condemned goes at {shown(told['condemned']['next_removal_at'])}.")


@content.command()
@click.argument("key", required=False)
@click.option(
    "--all", "everything", is_flag=True, help="Everything, instead of what was checked longest ago."
)
@click.option("--sample", default=100, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Stay until they are checked.")
@deployment_options
@json_option
def verify(
    key: str | None, everything: bool, sample: int, wait: bool, choice: Choice, as_json: bool
) -> None:  # fmt: skip
    """Compare stored files with their checksums: that of KEY, a sample, or all. For admins and owners."""
    body = {"content_key": key, "sample": None if everything else sample}
    with open_deployment(choice, gateway=wait) as at:
        asked = at.ask(
            Question(
                sql="select public.verify_content(%s, %s)",
                arguments=(key, body["sample"]),
                method="POST",
                path="/content/verify",
                body=body,
            )
        )
        if wait:
            with at.working() as ensure:
                _await_checks(at, ensure)
        health = _health(at)
    if as_json:
        print_json(asked | health)
        return
    click.echo(
        f"{asked['requested']} checks asked for, {health['waiting']} waiting, {health['damaged']} damaged."
    )
    if health["damaged"]:
        click.echo("Next: `cliprow content damaged`, then `cliprow content repair`.")


@content.command()
@deployment_options
@json_option
def health(choice: Choice, as_json: bool) -> None:
    """How sound what is stored is, and how far its checks are."""
    with open_deployment(choice) as at:
        told = _health(at)
    if as_json:
        print_json(told)
        return
    click.echo(f"{told['artifacts']} artifacts, {told['bytes']:,} bytes; {told['damaged']} damaged.")
    checked = (
        f"{told['checked']} checked, each since {shown(told['oldest_check_at'])}"
        if told["checked"]
        else "None was checked yet"
    )
    click.echo(f"{checked}; {told['never_checked']} never, {told['waiting']} waiting for a check.")


@content.command()
@deployment_options
@json_option
def damaged(choice: Choice, as_json: bool) -> None:
    """Results that have lost a file, or have another than was stored."""
    with open_deployment(choice) as at:
        found = at.ask(
            Question(
                sql="select coalesce(jsonb_agg(to_jsonb(d)), '[]') from public.list_damaged() as d",
                path="/content/damaged",
            )
        )
    if as_json:
        print_json(found)
    elif not found:
        click.echo("Nothing is damaged, as far as was checked.")
    else:
        print_table(
            ["Key", "Stage", "Since", "Jobs", "State"],
            [
                [
                    d["content_key"],
                    d["stage"],
                    shown(d["damaged_at"]),
                    len(d["jobs"]),
                    "repairing" if d["is_repairing"] else "damaged",
                ]
                for d in found
            ],
        )
        click.echo("Next: `cliprow content repair`.")


@content.command()
@click.argument("key", required=False)
@deployment_options
@json_option
def repair(key: str | None, choice: Choice, as_json: bool) -> None:
    """Compute what is damaged again: that of KEY, or all, in jobs that have ended."""
    question = Question(
        sql="select public.repair_content(%s)",
        arguments=(key,),
        method="POST",
        path="/content/repair",
        body={"content_key": key},
    )
    with open_deployment(choice) as at:
        told = at.ask(question)
        while not told["is_finished"]:
            more = at.ask(question)
            told = {name: told[name] + more[name] for name in ("retried_jobs", "retried_tasks")} | {
                "damaged": told["damaged"],
                "is_finished": more["is_finished"],
            }
    if as_json:
        print_json(told)
    else:
        click.echo(f"{told['retried_tasks']} tasks of {told['retried_jobs']} jobs run again.")


@content.command()
@click.option("--by", type=click.Choice(_PARTS), default="stage", show_default=True)
@click.option("--since", metavar="TIME", help="Completed then or later (default: 30 days ago).")
@click.option("--until", metavar="TIME", help="Completed before then.")
@deployment_options
@json_option
def stats(by: str, since: str | None, until: str | None, choice: Choice, as_json: bool) -> None:
    """What equal content being made only once saved."""
    given = {"by": by, "since": since, "until": until}
    with open_deployment(choice) as at:
        found = at.ask(
            Question(
                sql="select coalesce(jsonb_agg(to_jsonb(s)), '[]')"
                " from public.cache_statistics(%s::timestamptz, %s::timestamptz, %s) as s",
                arguments=(since, until, by),
                path="/content/statistics",
                parameters={name: value for name, value in given.items() if value is not None},
            )
        )
    if as_json:
        print_json(found)
        return
    print_table(
        [by.capitalize(), "Hits", "Misses", "Rate", "Seconds saved", "Bytes saved", "Cost saved"],
        [
            [
                s["value"],
                s["hits"],
                s["misses"],
                f"{s['hit_rate']:.0%}",
                s["seconds_saved"],
                f"{s['bytes_saved']:,}",
                f"{s['cost_saved']:g} {s['currency']}",
            ]
            for s in found
        ],
    )


def _health(at: Deployment) -> dict[str, Any]:
    told: dict[str, Any] = at.ask(Question(sql="select public.content_health()", path="/content/health"))
    return told


def _await_checks(at: Deployment, ensure: Callable[[], object]) -> None:
    while _health(at)["waiting"]:
        ensure()
        time.sleep(_LOOK_S)
