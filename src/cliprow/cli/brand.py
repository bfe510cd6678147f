"""`cliprow brand`: how new videos of the team, or of one project, look."""

from __future__ import annotations

from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.cli.control import find_project
from cliprow.cli.deployment import Choice, Deployment, deployment_options, open_deployment
from cliprow.cli.output import json_option, print_json, print_table
from cliprow.cli.timing import shown
from cliprow.errors import InvalidInput
from cliprow.models import LogoCorner, LogoSize

_COLOURS = ("background", "text", "accent")
#: Parameter: project. As `GET /brand` tells it, without the fonts, which are those of an installation.
_SHOW: LiteralString = """
select jsonb_build_object('colours', b.colours, 'font', b.font, 'has_logo', b.logo is not null,
  'logo_corner', coalesce(b.logo_corner, 'top_right'), 'logo_size', coalesce(b.logo_size, 'medium'),
  'updated_at', b.updated_at, 'is_own', b.project_id is not null)
from private.held_brand(private.tenant_id(), %s) as b
"""

project_option = click.option("--project", metavar="NAME", help="Of this project, in place of the team's.")


@click.group()
def brand() -> None:
    """Colours, font and logo of new videos."""


@brand.command()
@project_option
@deployment_options
@json_option
def show(project: str | None, choice: Choice, as_json: bool) -> None:
    """The brand of your team; with --project the one that a project has."""
    with open_deployment(choice) as at:
        found = _show(at, _project_id(at, project))
    _tell(found, project, as_json=as_json)


@brand.command("set")
@click.option("--colours", nargs=3, metavar="BACKGROUND TEXT ACCENT", help="Each like #14213d.")
@click.option("--no-colours", is_flag=True, help="Those of each video's style.")
@click.option("--font", metavar="NAME|none", help="A family that is installed; none: that of the style.")
@click.option(
    "--logo",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PNG, JPEG or WebP, up to 2 MB.",
)
@click.option("--no-logo", is_flag=True, help="Remove the logo.")
@click.option("--corner", type=click.Choice(list(map(str, LogoCorner))), help="Where the logo stands.")
@click.option("--size", type=click.Choice(list(map(str, LogoSize))), help="How high the logo is.")
@project_option
@deployment_options
@json_option
def set_brand(
    colours: tuple[str, str, str] | None, no_colours: bool, font: str | None, logo: Path | None, no_logo: bool,
    corner: str | None, size: str | None, project: str | None, choice: Choice, as_json: bool,
) -> None:  # fmt: skip
    """Change what is named; the rest stays. New videos have it, those that are there keep theirs.

    For admins; with --project for those who control the project, whose brand begins as that of the team.
    """
    if (colours and no_colours) or (logo and no_logo):
        raise InvalidInput("A thing and its absence exclude each other.", next_step="Leave one of them out.")
    changes: dict[str, object] = {}
    if colours or no_colours:
        changes["colours"] = dict(zip(_COLOURS, map(str.lower, colours), strict=True)) if colours else None
    if font is not None:
        changes["font"] = None if font == "none" else font
    changes |= {"logo_corner": corner} if corner else {}
    changes |= {"logo_size": size} if size else {}
    if not changes and logo is None and not no_logo:
        raise InvalidInput("Nothing is changed.", next_step="Name what is to be other, like --font Lora.")
    with open_deployment(choice) as at:
        project_id = _project_id(at, project)
        if changes:
            _change(at, project_id, changes)
        if logo is not None:
            at.set_logo(logo, project_id)
        elif no_logo:
            at.ask(
                Question(
                    sql="select public.set_brand_logo(null, %s)",
                    arguments=(project_id,),
                    method="DELETE",
                    path=f"{_path(project_id)}/logo",
                )
            )
        found = _show(at, project_id)
    _tell(found, project, as_json=as_json)


@brand.command()
@click.argument("project")
@deployment_options
@json_option
def reset(project: str, choice: Choice, as_json: bool) -> None:
    """Let PROJECT have the brand of the team again."""
    with open_deployment(choice) as at:
        project_id = _project_id(at, project)
        at.ask(
            Question(
                sql="select public.remove_brand(%s)",
                arguments=(project_id,),
                method="DELETE",
                path=_path(project_id),
            )
        )
        found = _show(at, project_id)
    _tell(found, project, as_json=as_json)


def _change(at: Deployment, project_id: UUID | None, changes: dict[str, object]) -> None:
    """Set what is named; what is not stays as it is, for a project without a brand as the team's is."""
    now = _show(at, project_id)
    wanted = {name: changes.get(name, now[name]) for name in ("colours", "font", "logo_corner", "logo_size")}
    _check_font(wanted["font"], now.get("fonts"))
    at.ask(
        Question(
            sql="select public.set_brand(%s::jsonb, %s, %s, %s, %s)",
            arguments=(*wanted.values(), project_id),
            method="PUT",
            path=_path(project_id),
            body=wanted,
        )
    )


def _check_font(font: Any, offered: list[str] | None) -> None:
    """Refuse a font that is not there: of a deployment it says which are, here those of this installation."""
    from cliprow.media.families import families

    fonts = offered or list(families())
    if font is not None and font not in fonts:
        raise InvalidInput(
            f"The font {font} is not installed.",
            error_code="FONT_MISSING",
            next_step=f"Choose one of {', '.join(fonts)}.",
        )


def _project_id(at: Deployment, name: str | None) -> UUID | None:
    return None if name is None else UUID(find_project(at, name)["id"])


def _path(project_id: UUID | None) -> str:
    return "/brand" if project_id is None else f"/projects/{project_id}/brand"


def _show(at: Deployment, project_id: UUID | None) -> dict[str, Any]:
    found: dict[str, Any] = at.ask(Question(sql=_SHOW, arguments=(project_id,), path=_path(project_id)))
    return found


def _tell(found: dict[str, Any], project: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if project is not None:
        click.echo(
            f"{project} has a brand of its own."
            if found["is_own"]
            else f"{project} has the brand of the team."
        )
    colours = found["colours"]
    logo = f"{found['logo_corner']}, {found['logo_size']}" if found["has_logo"] else "none"
    print_table(
        ["What", "How"],
        [
            [
                "colours",
                ", ".join(f"{name} {colours[name]}" for name in _COLOURS) if colours else "of the style",
            ],
            ["font", found["font"] or "of the style"],
            ["logo", logo],
            ["changed", shown(found["updated_at"])],
        ],
    )
