"""Whatever is done in whatever order, the storage holds what a dictionary would."""

from __future__ import annotations

import string
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from storage3.exceptions import StorageApiError

from cliprow.local.gateway.storage.downloads import File
from cliprow.local.gateway.storage.failures import StorageFailure
from cliprow.local.gateway.storage.names import check_key
from cliprow.local.gateway.storage.resumable_routes import read_metadata
from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person, sign_in

#: Few enough to meet again; folders, and names that differ in case or stand close to a folder's.
NAMES = st.sampled_from(
    ["a", "A", "a.b", "a-b", "b/a", "b/c", "b/c d", "B/a", "b.x", "c/d/e", "c/d/f", "c/g", "(x)/y!"]
)
CONTENTS = st.binary(max_size=200)


class Bucket(RuleBasedStateMachine):
    """One tenant's folder, and the dictionary it must equal."""

    gateway: Gateway

    @initialize()
    def begin(self) -> None:
        self.person: Person = sign_in(self.gateway, str(uuid.uuid4()))
        self.http = self.person.http
        self.files: dict[str, bytes] = {}

    @rule(name=NAMES, data=CONTENTS)
    def upload(self, name: str, data: bytes) -> None:
        answer = self.http.post(f"/object/tests/{self.person.path(name)}", content=data)
        assert (answer.status_code == 200) == (name not in self.files)
        self.files.setdefault(name, data)

    @rule(name=NAMES, data=CONTENTS)
    def replace(self, name: str, data: bytes) -> None:
        assert self.http.put(f"/object/tests/{self.person.path(name)}", content=data).status_code == 200
        self.files[name] = data

    @rule(source=NAMES, to=NAMES)
    def move(self, source: str, to: str) -> None:
        works = source in self.files and (to not in self.files or source == to)
        assert (self._relocate("move", source, to) == 200) == works
        if works:
            self.files[to] = self.files.pop(source)

    @rule(source=NAMES, to=NAMES)
    def copy(self, source: str, to: str) -> None:
        works = source in self.files and to not in self.files
        assert (self._relocate("copy", source, to) == 200) == works
        if works:
            self.files[to] = self.files[source]

    @rule(names=st.lists(NAMES, min_size=1, max_size=4))
    def remove(self, names: list[str]) -> None:
        paths = [self.person.path(name) for name in names]
        gone = self.http.request("DELETE", "/object/tests", json={"prefixes": paths}).json()
        assert {entry["name"] for entry in gone} == {
            self.person.path(name) for name in names if name in self.files
        }
        for name in names:
            self.files.pop(name, None)

    @rule(name=NAMES, first=st.integers(0, 250), last=st.integers(0, 250))
    def read_part(self, name: str, first: int, last: int) -> None:
        if self.files.get(name) and first <= last:
            answer = self.http.get(
                f"/object/tests/{self.person.path(name)}", headers={"Range": f"bytes={first}-{last}"}
            )
            wanted = self.files[name][first : last + 1]
            assert (
                (answer.status_code, answer.content) == (206, wanted) if wanted else answer.status_code == 416
            )

    @rule(folder=st.sampled_from(["", "b", "B", "c", "c/d"]), order=st.sampled_from(["asc", "desc"]))
    def list_in_pages(self, folder: str, order: str) -> None:
        prefix = self.person.path(folder).rstrip("/")
        below = {
            name[len(folder) + bool(folder) :]
            for name in self.files
            if not folder or name.lower().startswith(f"{folder.lower()}/")
        }
        entries: list[dict[str, Any]] = []
        while page := self.http.post(
            "/object/list/tests",
            json={
                "prefix": prefix,
                "limit": 2,
                "offset": len(entries),
                "sortBy": {"column": "name", "order": order},
            },
        ).json():
            entries += page
        assert {entry["name"] for entry in entries if entry["id"]} == {
            name for name in below if "/" not in name
        }
        assert {entry["name"] for entry in entries if not entry["id"]} == {
            name.partition("/")[0] for name in below if "/" in name
        }
        names = [entry["name"].lower() for entry in entries]
        assert names == sorted(names, reverse=order == "desc")

    @rule(delimited=st.booleans(), column=st.sampled_from(["name", "created_at"]))
    def list_from_cursor(self, delimited: bool, column: str) -> None:
        prefix, cursor = f"{self.person.tenant_id}/", None
        folders: list[str] = []
        objects: list[str] = []
        while True:
            body: dict[str, Any] = {"prefix": prefix, "limit": 2, "with_delimiter": delimited}
            body |= {"cursor": cursor} if cursor else {"sortBy": {"column": column}}
            page = self.http.post("/object/list-v2/tests", json=body).json()
            folders += [entry["name"] for entry in page["folders"]]
            objects += [entry["name"] for entry in page["objects"]]
            if not page["hasNext"]:
                break
            cursor = page["nextCursor"]
        wanted = [name for name in self.files if not delimited or "/" not in name]
        assert sorted(objects) == sorted(prefix + name for name in wanted)
        in_folders = {
            f"{prefix}{name.partition('/')[0]}/" for name in self.files if "/" in name and delimited
        }
        assert sorted(folders) == sorted(in_folders)

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        if not hasattr(self, "files"):
            return
        for name in ("a", "b/a", "c/d/e"):
            answer = self.http.get(f"/object/tests/{self.person.path(name)}")
            assert (answer.content if answer.status_code == 200 else None) == self.files.get(name)

    def teardown(self) -> None:
        if hasattr(self, "http"):
            self.http.close()

    def _relocate(self, what: str, source: str, target: str) -> int:
        body = {
            "bucketId": "tests",
            "sourceKey": self.person.path(source),
            "destinationKey": self.person.path(target),
        }
        return self.http.post(f"/object/{what}", json=body).status_code


def test_the_storage_is_a_dictionary(gateway: Gateway, buckets: None) -> None:
    Bucket.gateway = gateway
    Bucket.TestCase.settings = settings(
        max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    Bucket.TestCase().runTest()


@given(
    name=st.text(
        alphabet=string.ascii_letters + string.digits + "_!.*'() &$=@;:+,?-", min_size=1, max_size=60
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_name_that_is_allowed_works(anna: Person, name: str) -> None:
    bucket, path = anna.storage.from_("tests"), anna.path(name)
    if name in {".", ".."}:
        with pytest.raises((StorageApiError, ValueError)):
            bucket.upload(path, b"x")
        return
    bucket.upload(path, name.encode(), {"upsert": "true"})
    assert bucket.download(path) == name.encode()
    assert name in [entry["name"] for entry in bucket.list(anna.tenant_id, {"limit": 1000})]
    link = bucket.create_signed_url(path, 60)["signedURL"] or ""
    assert anna.http.get(link).content == name.encode()
    assert len(bucket.remove([path])) == 1


@given(key=st.text(max_size=40))
def test_a_path_is_taken_or_refused_and_nothing_else(key: str) -> None:
    try:
        taken = check_key(key)
    except StorageFailure as failure:
        assert failure.code == "InvalidKey"
    else:
        assert taken == key
        assert key.isascii()
        assert not {"", ".", ".."} & set(key.split("/"))


@given(header=st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_metadata_of_an_upload_is_read_or_refused(header: str) -> None:
    try:
        found = read_metadata(header)
    except StorageFailure as failure:
        assert failure.status == 400
    else:
        assert all(isinstance(value, str) for value in found.values())


class _Asked:
    """A request with a Range header."""

    def __init__(self, text: str) -> None:
        self.headers = {"range": text}


@given(text=st.text(alphabet="bytes=-,0123456789 ", max_size=30), size=st.integers(0, 10**12))
def test_a_range_lies_within_the_file(text: str, size: int) -> None:
    try:
        span = File({"metadata": {"size": size}}).span(_Asked(text))  # type: ignore[arg-type]
    except StorageFailure as failure:
        assert failure.http_status == 416
    else:
        assert span is None or (0 <= span[0] < size and 0 < span[1] <= size - span[0])
