"""Prices, rates, costs and budgets, through the API."""

from __future__ import annotations

from tests.integration.api.conftest import Api


def test_prices_rates_costs_and_budgets(ann: Api, bob: Api) -> None:
    project = ann.project()["id"]
    topics = {"topics": ["Sky"], "defaults": {"platforms": ["youtube"]}}
    made = ann.post("/batches", {"project_id": project, **topics})
    assert made["expected_cost"] == {"currency": "USD", "amount": 0, "stages": {}}

    price = {"provider": "openai", "unit": "1k_output_tokens", "amount": 0.1, "currency": "EUR"}
    assert ann.call("PUT", "/prices", price).json()["amount"] == 0.1
    [own] = ann.get("/prices")["prices"]
    assert (own["amount"], own["currency"], own["is_own"]) == (0.1, "EUR", True)
    assert bob.get("/prices")["prices"] == []
    assert ann.call("PUT", "/prices", price | {"unit": "word"}).status_code == 422

    rate = {"provider": "openai", "requests_per_minute": 60, "tokens_per_minute": None}
    assert ann.call("PUT", "/provider-rates", rate).json() == rate
    assert ann.get("/provider-rates")["items"] == [rate | {"is_own": True, "closed_until": None}]

    told = ann.call("PUT", "/budgets", {"scope": "batch", "scope_id": made["batch_id"], "amount": 2.5}).json()
    assert (told["period"], told["amount"], told["currency"], told["state"]) == ("total", 2.5, "EUR", "open")
    assert ann.get("/budgets")["items"] == [told]
    assert ann.get("/costs", scope="batch", scope_id=made["batch_id"])["costs"] == []
    assert ann.call("PUT", "/budgets", {"amount": 0}).json()["state"] == "exceeded"
    assert ann.call("PUT", "/budgets", {"amount": None}).status_code == 200
    page = ann.get("/budgets/events", limit=1)
    assert page["items"][0]["event"] == "budget.lifted"
    assert [each["event"] for each in ann.get("/budgets/events", cursor=page["next_cursor"])["items"]] == [
        "budget.exceeded"
    ]
    assert ann.get("/budgets/events", scope_id=made["batch_id"])["items"] == []
    other = bob.call("PUT", "/budgets", {"scope": "batch", "scope_id": made["batch_id"], "amount": 1})
    assert other.status_code == 404
    viewer = ann.member("viewer")
    for path, body in (("/prices", price), ("/provider-rates", rate), ("/budgets", {"amount": 1})):
        assert viewer.call("PUT", path, body).status_code == 403, path
