"""Functions are called by the names of their arguments."""

from __future__ import annotations

from tests.integration.gateway.rest.conftest import Person


def test_the_python_client_calls_functions(anna: Person) -> None:
    client = anna.supabase
    assert client.rpc("rest_add", {"a": 1}).execute().data == 11
    assert client.rpc("rest_add", {"a": 1, "b": 2}).execute().data == 3
    assert client.rpc("rest_numbers", {"up_to": 3}).execute().data == [1, 2, 3]
    rows = client.rpc("rest_rows", {"up_to": 2}).execute().data
    assert rows == [{"n": 1, "square": 1}, {"n": 2, "square": 4}]
