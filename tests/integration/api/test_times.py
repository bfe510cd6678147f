"""Suggested hours: the tenant's own figures where there are enough, else the usual ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.test_library_and_analytics import make_job


def times(api: Api, platform: str, **parameters: Any) -> dict[str, Any]:
    items = {each["platform"]: each for each in api.get("/platforms/times", **parameters)["items"]}
    found: dict[str, Any] = items[platform]
    return found


def test_without_figures_there_are_the_usual_hours(ann: Api) -> None:
    offered = [each["platform"] for each in ann.get("/platforms")["items"] if each["is_offered"]]
    assert "youtube" in offered
    for platform in offered:
        found = times(ann, platform)
        assert (found["source"], found["report_count"]) == ("usual", 0)
        assert all(1 <= each["weekday"] <= 7 and 0 <= each["hour"] <= 23 for each in found["hours"])
        assert found["hours"]


def test_enough_figures_of_ones_own_are_used(ann: Api, bob: Api) -> None:
    job = make_job(ann)
    # Four weeks of reports at 6 and at 18 o'clock UTC; in the evening ten times as much is watched.
    ann.world.run(
        """insert into public.performance_metrics (tenant_id, project_id, content_id, platform, views, collected_at)
        select c.tenant_id, c.project_id, c.id, 'youtube', case h when 18 then 100 else 10 end,
          (date_trunc('day', now() at time zone 'UTC') - d * interval '1 day' + h * interval '1 hour') at time zone 'UTC'
        from (select * from public.generated_content where job_id = %s and role = 'video' limit 1) as c
        cross join generate_series(1, 20) as d cross join (values (6), (18)) as t (h)""",
        job["id"],
    )
    found = times(ann, "youtube")
    assert (found["source"], found["report_count"]) == ("own", 40)
    assert {each["hour"] for each in found["hours"][:7]} == {18}
    assert found["hours"][0]["score"] == 1
    assert len(found["hours"]) == 10
    assert {each["hour"] for each in times(ann, "youtube", time_zone="Asia/Tokyo")["hours"][:7]} == {3}
    for other in (bob, ann.member("editor", "none")):
        assert times(other, "youtube")["source"] == "usual"
    assert times(ann, "tiktok")["source"] == "usual"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "'; select 1"])
def test_a_time_zone_that_is_none_is_refused(ann: Api, zone: str) -> None:
    ann.get("/platforms/times", expect=422, time_zone=zone)
