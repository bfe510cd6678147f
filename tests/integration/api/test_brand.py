"""The look of a tenant: set by admins, taken along by new jobs, and nobody else's."""

from __future__ import annotations

import io
import itertools
from typing import Any

import psycopg
import pytest
from PIL import Image

from cliprow.media.palettes import contrast
from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.integration.api.test_lists import batch
from tests.sql.world import Worker

COLOURS = {"background": "#14213d", "text": "#ffffff", "accent": "#fca311"}
BRAND = {"colours": COLOURS, "font": "Lora", "logo_corner": "top_left", "logo_size": "small"}


def picture(kind: str = "PNG", tint: str = "#ff0000") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 100), tint).save(buffer, kind)
    return buffer.getvalue()


def put_logo(api: Api, data: bytes, kind: str = "image/png", path: str = "/brand") -> Any:
    return api.call("PUT", f"{path}/logo", content=data, headers={"content-type": kind})


def params(api: Api, topic: str, project_id: str | None = None) -> Any:
    """What a new job of this caller takes along."""
    batch_id = batch(api, [topic], **({} if project_id is None else {"project_id": project_id}))
    return api.world.one("select params from public.generation_jobs where batch_id = %s", batch_id)


def test_a_brand_is_set_and_shown(ann: Api, bob: Api) -> None:
    assert ann.get("/brand")["colours"] is None
    answer = ann.call("PUT", "/brand", BRAND)
    assert answer.status_code == 200, answer.text
    shown = ann.get("/brand")
    assert {name: shown[name] for name in BRAND} == BRAND
    assert shown == answer.json()
    assert shown["fonts"][0] == "Inter"
    assert not shown["has_logo"]
    assert bob.get("/brand")["colours"] is None, "it is the team's own"
    entry = ann.get("/audit", entity="brands")["items"][0]
    assert entry["after"]["colours"] == COLOURS
    assert ann.call("PUT", "/brand", {}).json()["colours"] is None, "what is left out is the style's"


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"colours": {**COLOURS, "text": "#445566"}}, "contrast of 2."),
        ({"colours": {**COLOURS, "accent": "#333366"}}, "contrast of 1."),
        ({"colours": {**COLOURS, "accent": "red"}}, ""),
        ({"colours": {"background": "#000000", "text": "#ffffff"}}, ""),
        ({"font": "Comic Neue"}, "Comic Neue is not installed"),
        ({"logo_corner": "bottom_left"}, ""),
        ({"logo_size": "huge"}, ""),
    ],
)
def test_what_is_no_brand_is_refused(ann: Api, different: dict[str, Any], said: str) -> None:
    answer = ann.call("PUT", "/brand", {**BRAND, **different})
    assert answer.status_code == 422, answer.text
    assert said in answer.text
    assert answer.json()["next_step"]
    assert ann.get("/brand")["updated_at"] is None


def test_the_database_reckons_contrast_as_the_stages_do(ann: Api) -> None:
    for one, other in (
        ("#14213d", "#ffffff"),
        ("#767676", "#fefae0"),
        ("#010203", "#0a0b0c"),
        ("#fca311", "#123456"),
    ):
        assert float(ann.world.one("select private.contrast(%s, %s)", one, other)) == pytest.approx(
            contrast(one, other), abs=0.011
        )


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_members_see_the_brand_and_admins_change_it(ann: Api, role: str) -> None:
    ann.call("PUT", "/brand", BRAND)
    put_logo(ann, picture())
    person = ann.member(role)
    assert person.get("/brand")["font"] == "Lora"
    assert person.call("GET", "/brand/logo").content.startswith(b"\x89PNG")
    assert person.call("PUT", "/brand", BRAND).status_code == 403
    assert put_logo(person, picture(tint="#00ff00")).status_code == 403
    assert person.call("DELETE", "/brand/logo").status_code == 403
    assert ann.member("admin").call("PUT", "/brand", BRAND).status_code == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_kept_as_a_clean_picture_among_the_uploads_of_the_team(
    ann: Api, bob: Api, kind: str
) -> None:
    answer = put_logo(ann, picture(kind), f"image/{kind.lower()}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["has_logo"]
    assert put_logo(ann, picture(kind), f"image/{kind.lower()}").status_code == 200, "the same once more"
    sent = ann.call("GET", "/brand/logo")
    assert sent.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(sent.content)).size == (300, 100)
    bob.get("/brand/logo", expect=404)
    assert ann.call("DELETE", "/brand/logo").status_code == 204
    ann.get("/brand/logo", expect=404)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<svg/>", "image/svg+xml"),
        (b"GIF89a", "image/png"),
        (b"", "image/png"),
        (bytes(2_000_001), "image/png"),
    ],
)
def test_what_is_no_logo_is_refused(ann: Api, data: bytes, kind: str) -> None:
    answer = put_logo(ann, data, kind)
    assert answer.status_code == 422
    assert answer.json()["code"] == "logo_refused"
    assert not ann.get("/brand")["has_logo"]


def test_new_jobs_take_the_brand_along_and_old_ones_keep_theirs(ann: Api) -> None:
    assert "brand" not in params(ann, "Plain")
    ann.call("PUT", "/brand", {"colours": COLOURS})
    first = params(ann, "Coloured")["brand"]
    assert first == {"colours": COLOURS}
    put_logo(ann, picture())
    ann.call("PUT", "/brand", BRAND)
    second = params(ann, "Branded")["brand"]
    assert second.keys() == {"colours", "font", "logo", "logo_corner", "logo_size"}
    assert second["logo"]["path"].startswith(f"{ann.person.tenant_id}/uploads/")  # type: ignore[union-attr]
    rows = ann.world.rows(
        "select topic, params -> 'brand' from public.generation_jobs where tenant_id = %s order by id",
        ann.person.tenant_id,  # type: ignore[union-attr]
    )
    assert dict(rows) == {"Plain": None, "Coloured": first, "Branded": second}


def test_a_topic_cannot_bring_a_brand_of_its_own(ann: Api, bob: Api) -> None:
    """A logo of another team among it would be read by the worker."""
    put_logo(bob, picture())
    ann.call("PUT", "/brand", {"colours": COLOURS})
    foreign = params(bob, "Sea")["brand"]
    assert ann.person is not None
    project = ann.project()["id"]
    topic = {"topic": "Sky", "platforms": ["youtube"], "brand": foreign}
    try:
        made = ann.world.ask(
            ann.person,
            "select public.create_batch(%s, %s::jsonb)",
            project,
            psycopg.types.json.Jsonb([topic]),
        )
    except psycopg.Error as error:
        assert "brand" in str(error.diag.message_detail)
    else:
        kept = ann.world.one(
            "select params -> 'brand' from public.generation_jobs where batch_id = %s", made["batch_id"]
        )
        assert kept == {"colours": COLOURS}
    assert bob.person is not None
    path = foreign["logo"]["path"].replace(str(bob.person.tenant_id), str(ann.person.tenant_id))
    own = foreign["logo"] | {"path": path}
    for logo in (foreign["logo"], *(own | {"size_bytes": size} for size in (-1, 0, 1.5, 1e12, "9"))):
        with pytest.raises(psycopg.Error, match="no logo among the uploads"):
            ann.world.ask(
                ann.person, "select public.set_brand_logo(%s::jsonb)", psycopg.types.json.Jsonb(logo)
            )


def test_a_project_has_the_brand_of_the_team_until_it_has_its_own(ann: Api) -> None:
    project, other = ann.project()["id"], ann.project()["id"]
    path = f"/projects/{project}/brand"
    ann.call("PUT", "/brand", BRAND)
    put_logo(ann, picture())
    before = ann.get(path)
    assert (before["is_own"], before["font"], before["has_logo"]) == (False, "Lora", True)
    own = {"colours": {**COLOURS, "accent": "#ffffff"}, "font": None, "logo_corner": "top_right"}
    made = ann.call("PUT", path, own).json()
    assert (made["is_own"], made["colours"], made["font"]) == (True, own["colours"], None)
    assert made["has_logo"], "it begins with the logo of the team"
    assert ann.get(path) == made
    assert ann.get("/brand")["font"] == ann.get(f"/projects/{other}/brand")["font"] == "Lora"
    kept = params(ann, "Own", project)["brand"]
    assert (kept["colours"], "font" in kept) == (own["colours"], False)
    assert params(ann, "Other", other)["brand"]["font"] == "Lora"
    entry = ann.get("/audit", entity="brands")["items"][0]
    assert entry["after"]["colours"] == own["colours"]
    assert ann.call("DELETE", path).status_code == ann.call("DELETE", path).status_code == 204
    assert ann.get(path) == before
    assert params(ann, "Again", project)["brand"]["font"] == "Lora"


def test_a_project_has_a_logo_of_its_own_or_none(ann: Api) -> None:
    project = ann.project()["id"]
    path = f"/projects/{project}/brand"
    ann.call("PUT", "/brand", BRAND)
    put_logo(ann, picture())
    made = put_logo(ann, picture(tint="#00ff00"), path=path).json()
    assert (made["is_own"], made["font"]) == (True, "Lora"), "it begins as that of the team"
    assert ann.call("GET", f"{path}/logo").content != ann.call("GET", "/brand/logo").content
    assert params(ann, "Own", project)["brand"]["logo"] != params(ann, "Team")["brand"]["logo"]
    assert ann.call("DELETE", f"{path}/logo").status_code == 204
    assert ann.call("GET", f"{path}/logo").status_code == 404
    assert params(ann, "None", project)["brand"].keys() == {"colours", "font"}
    assert ann.get("/brand")["has_logo"]


def test_those_who_control_a_project_change_its_brand(ann: Api, bob: Api) -> None:
    project = ann.project()["id"]
    path = f"/projects/{project}/brand"
    editor, viewer = ann.member("editor"), ann.member("viewer")
    own = editor.project()["id"]
    for person in (editor, viewer):
        assert person.get(path)["is_own"] is False
        assert person.call("PUT", path, BRAND).status_code == 403
        assert put_logo(person, picture(), path=path).status_code == 403
        assert (
            person.call("DELETE", path).status_code
            == person.call("DELETE", f"{path}/logo").status_code
            == 403
        )
    assert editor.call("PUT", f"/projects/{own}/brand", BRAND).json()["is_own"]
    assert put_logo(editor, picture(), path=f"/projects/{own}/brand").status_code == 200
    for method in ("GET", "PUT", "DELETE"):
        assert bob.call(method, path, BRAND if method == "PUT" else None).status_code == 404
    assert put_logo(bob, picture(), path=path).status_code == 404
    refused = ann.call("PUT", path, {**BRAND, "colours": {**COLOURS, "text": "#445566"}})
    assert (refused.status_code, ann.get(path)["is_own"]) == (422, False)


def content_keys(api: Api, worker: Worker, project_id: str) -> dict[str, set[str]]:
    """Keys of all that a job of the same topic needs, by stage."""
    batch_id = batch(api, ["The same topic"], project_id=project_id)
    while (claimed := worker.take(*Stage)) is not None:
        if claimed.verdict == "run":
            worker.complete(claimed)
    found: dict[str, set[str]] = {}
    for stage, key in api.world.rows(
        "select stage, content_key from public.stage_tasks where batch_id = %s", batch_id
    ):
        assert key is not None
        found.setdefault(stage, set()).add(key)
    return found


def test_projects_of_different_brands_share_no_pictures_and_those_of_the_same_all(ann: Api) -> None:
    one, two, plain = (ann.project()["id"] for _ in range(3))
    ann.call("PUT", f"/projects/{one}/brand", {"colours": COLOURS})
    ann.call("PUT", f"/projects/{two}/brand", {"colours": {**COLOURS, "accent": "#ffffff"}})
    worker = Worker(ann.world, slots=1000)
    keys = [content_keys(ann, worker, project) for project in (one, two, plain)]
    ann.call("PUT", f"/projects/{plain}/brand", {"colours": COLOURS})
    again = content_keys(ann, worker, plain)
    worker.leave()
    for first, second in itertools.combinations(keys, 2):
        assert first[Stage.SCRIPT] == second[Stage.SCRIPT]
        assert first[Stage.AUDIO] == second[Stage.AUDIO]
        for stage in (Stage.VIDEO, Stage.PLATFORM, Stage.POST):
            assert not first[stage] & second[stage], stage
    assert again == keys[0]


def test_a_changed_brand_recomputes_pictures_and_covers_and_nothing_else(ann: Api) -> None:
    project = ann.project()["id"]
    keys: list[dict[str, set[str]]] = []
    worker = Worker(ann.world, slots=1000)
    for brand in ({}, {"colours": COLOURS}):
        ann.call("PUT", "/brand", brand)
        keys.append(content_keys(ann, worker, project))
    worker.leave()
    plain, branded = keys
    same = {stage for stage in plain if plain[stage] == branded[stage]}
    assert same >= {Stage.SCRIPT, Stage.AUDIO}
    for stage in (Stage.VIDEO, Stage.POST):
        assert not plain[stage] & branded[stage], stage
