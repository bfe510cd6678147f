"""A removal ends every topic of the tenant, with a last word; the next epoch's go on with the numbers."""

from __future__ import annotations

from uuid import UUID

from tests.sql.live.channel import Channel, flush, flush_all, hush, rest_all
from tests.sql.world import Person, World


def test_nothing_is_sent_on_topics_of_an_older_epoch(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    made = world.create_batch(ann, project)
    flush_all(world)
    scopes = [("tenant", ann.tenant_id), ("project", project), ("batch", UUID(made["batch_id"]))]
    theirs = Channel(world, "tenant", bob.tenant_id)
    removed = world.add_member(ann, "viewer")
    hush(world)
    world.run("update public.batches set title = 'Waits' where id = %s", made["batch_id"])
    known = {scope: Channel(world, *pair).messages() for scope, pair in zip("tpb", scopes, strict=True)}
    world.run(
        "delete from public.memberships where (tenant_id, user_id) = (%s, %s)", ann.tenant_id, removed.user_id
    )
    rest_all(world)
    flush(world)
    for scope, pair in zip("tpb", scopes, strict=True):
        old, new = Channel(world, *pair), Channel(world, *pair, epoch=2)
        last = known[scope][-1].seq if known[scope] else 0
        (farewell,) = [message for message in old.messages() if message not in known[scope]]
        assert (farewell.event, farewell.prev_seq, farewell.seq) == ("resync", last, last)
        assert farewell.payload.keys() == {"seq", "prev_seq", "ts", "epoch", "id"}
        assert farewell.payload["epoch"] == 2
        (message,) = new.messages()
        assert (message.prev_seq, message.seq) == (last, last + 1)
        assert message.rows("batches")[made["batch_id"]]["title"] == "Waits"
    assert Channel(world, "tenant", ann.tenant_id, epoch=2).messages()[-1].payload["tenants"][0]["epoch"] == 2
    world.run("update public.tenants set name = 'Theirs' where id = %s", bob.tenant_id)
    flush_all(world)
    assert theirs.messages()[-1].rows("tenants")[str(bob.tenant_id)]["epoch"] == 1


def test_a_member_who_leaves_is_left_behind_too(world: World, ann: Person) -> None:
    leaver = world.add_member(ann, "editor")
    with world.acting(leaver) as connection:
        connection.execute(
            "delete from public.memberships where user_id = private.user_id() and tenant_id = private.tenant_id()"
        )
    world.run("update public.tenants set name = 'After' where id = %s", ann.tenant_id)
    flush_all(world)
    assert [message.event for message in Channel(world, "tenant", ann.tenant_id).messages()] == ["resync"]
    assert Channel(world, "tenant", ann.tenant_id, epoch=2).messages() != []
