"""Two who accept an invitation at the same moment."""

from __future__ import annotations

import threading

import psycopg

from tests.sql.invitations.test_invitations import ACCEPT, invite, membership, sign_up
from tests.sql.world import Person, World


def test_two_accepting_at_once_make_one_member(world: World, ann: Person) -> None:
    guest = sign_up(world, "guest")
    token = invite(world, ann, guest.email)["token"]
    codes: list[str] = []

    def accept() -> None:
        connection = psycopg.connect(world.database.admin, autocommit=True)
        try:
            world.ask(guest.person, ACCEPT, token, on=connection)
            codes.append("")
        except psycopg.Error as error:
            codes.append(str(error.sqlstate))
        finally:
            connection.close()

    threads = [threading.Thread(target=accept) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["", "CR002", "CR002", "CR002"]
    assert membership(world, guest.person, ann) == [("editor", "project")]
