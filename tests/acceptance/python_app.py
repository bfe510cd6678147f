"""A program on the PyPI package `supabase`: signs up, submits a topic, follows it, takes the video."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import httpx
from realtime import AsyncRealtimeChannel, RealtimeChannelOptions, RealtimeSubscribeStates

from supabase import AsyncClient, acreate_client
from tests.acceptance.served import Served
from tests.people import PASSWORD, new_email


@dataclass
class Heard:
    """What came on one topic."""

    topic: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """The newest of each job that was told."""
        found: dict[str, dict[str, Any]] = {}
        for message in self.messages:
            for job in message["payload"].get("jobs", []):
                if job["version"] > found.get(job["id"], {"version": 0})["version"]:
                    found[job["id"]] = job
        return found


class PythonApp:
    """Somebody who is signed in, and what that person does."""

    def __init__(self, served: Served, client: AsyncClient) -> None:
        self.client = client
        self._served = served

    @classmethod
    async def sign_up(cls, served: Served) -> PythonApp:
        """Sign up a new person."""
        client = await acreate_client(served.supabase, served.key)
        await client.auth.sign_up({"email": new_email("python"), "password": PASSWORD})
        return cls(served, client)

    async def token(self) -> str:
        """The access token, renewed where it is due."""
        session = await self.client.auth.get_session()
        assert session is not None
        return session.access_token

    async def call(self, method: str, path: str, json: object = None, expect: int = 200) -> Any:
        """Call the REST API."""
        headers = {"Authorization": f"Bearer {await self.token()}"}
        async with httpx.AsyncClient(base_url=self._served.api, headers=headers, timeout=30) as http:
            answer = await http.request(method, path, json=json)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    async def create_batch(self, *topics: dict[str, Any]) -> str:
        """Create a batch in a new project, by the SQL function; the project by the REST API."""
        project = await self.call(
            "POST", "/projects", {"name": "Sea", "original_idea": "Things in the sea"}, 201
        )
        asked = {
            "project_id": project["id"],
            "topics": [topic | {"platforms": ["youtube"]} for topic in topics],
            "idempotency_key": str(uuid4()),
        }
        made = cast("dict[str, Any]", (await self.client.rpc("create_batch", asked).execute()).data)
        again = cast("dict[str, Any]", (await self.client.rpc("create_batch", asked).execute()).data)
        assert (again["batch_id"], again["is_new"]) == (made["batch_id"], False)
        return str(made["batch_id"])

    async def follow(self, scope: str, id_: str) -> Heard:
        """Follow the private channel of a batch, project or tenant."""
        epoch = (await self.call("GET", "/me"))["tenant"]["epoch"]
        heard = Heard(f"{scope}:{id_}:{epoch}")
        await self.client.realtime.set_auth(await self.token())
        options = cast("RealtimeChannelOptions", {"config": {"private": True}})
        channel: AsyncRealtimeChannel = self.client.channel(heard.topic, options)
        for event in ("changes", "resync"):
            channel.on_broadcast(event, _hear(heard, event))
        joined = asyncio.Event()

        def note(status: RealtimeSubscribeStates, error: Exception | None) -> None:
            heard.statuses.append(status.value)
            joined.set()

        await channel.subscribe(note)
        await asyncio.wait_for(joined.wait(), 20)
        assert heard.statuses == ["SUBSCRIBED"], heard.statuses
        return heard

    async def changes(self, since: datetime | None = None, **of: str) -> dict[str, Any]:
        """What has changed since a moment, or ever, by the SQL function."""
        asked = {"since": (since or datetime(2020, 1, 1, tzinfo=UTC)).isoformat(), **of}
        return cast("dict[str, Any]", (await self.client.rpc("changed_since", asked).execute()).data)

    async def job(self, batch_id: str) -> dict[str, Any]:
        """The first job of a batch as the table has it."""
        rows = await (
            self.client.table("generation_jobs")
            .select("id,status,progress,version,error_message")
            .eq("batch_id", batch_id)
            .order("position")
            .limit(1)
            .execute()
        )
        [job] = cast("list[dict[str, Any]]", rows.data)
        return job

    async def video(self, job_id: str) -> bytes:
        """The bytes of a job's video, from Storage; checked against the row."""
        rows = await (
            self.client.table("generated_content")
            .select("file_path,sha256,file_size")
            .eq("job_id", job_id)
            .eq("role", "video")
            .execute()
        )
        [row] = cast("list[dict[str, Any]]", rows.data)
        data = await self.client.storage.from_("media").download(row["file_path"])
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (row["sha256"], row["file_size"])
        return data

    async def close(self) -> None:
        """Leave all channels, and sign out."""
        await self.client.remove_all_channels()
        await self.client.auth.sign_out()


def _hear(heard: Heard, event: str) -> Callable[[Any], None]:
    def hear(message: Any) -> None:
        heard.messages.append({"at": time.time(), "event": event, "payload": message["payload"]})

    return hear
