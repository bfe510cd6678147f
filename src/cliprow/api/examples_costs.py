"""Examples of the bodies of prices, rates, costs and budgets, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_TENANT_ID = "01938c5d-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
_BATCH_ID = "01938c5f-0a1b-7c2d-8e3f-4a5b6c7d8e9f"
_AT = "2026-11-25T09:30:00+00:00"

_PRICE = {
    "provider": "openai",
    "unit": "1k_output_tokens",
    "amount": 0.6,
    "model": "",
    "currency": "USD",
    "valid_from": _AT,
}
_RATE = {"provider": "openai", "requests_per_minute": 500, "tokens_per_minute": 200_000}

COST_EXAMPLES: dict[str, Any] = {
    "NewPrice": {"provider": "openai", "unit": "1k_output_tokens", "amount": 0.6},
    "SetPrice": _PRICE,
    "Prices": {
        "currency": "USD",
        "stages": [
            {
                "stage": "script_generation",
                "provider": "openai",
                "model": "writer",
                "per_task": None,
                "does_cost": True,
            }
        ],
        "prices": [{**_PRICE, "is_own": True}],
    },
    "NewProviderRate": _RATE,
    "SetProviderRate": _RATE,
    "ProviderRate": {**_RATE, "is_own": True, "closed_until": None},
    "CommonPrices": {"items": [_PRICE]},
    "CommonRate": {**_RATE, "closed_until": None},
    "CommonRates": {"items": [{**_RATE, "closed_until": None}]},
    "Costs": {
        "scope": "tenant",
        "scope_id": _TENANT_ID,
        "costs": [
            {
                "month": "2026-11-01",
                "currency": "USD",
                "amount": 12.5,
                "call_count": 20,
                "input_tokens": 14_000,
                "output_tokens": 24_000,
                "updated_at": _AT,
            }
        ],
    },
    "BudgetEvent": {
        "id": "01938c73-2b3c-7d4e-8f5a-6b7c8d9e0f1a",
        "event": "budget.warned",
        "scope": "batch",
        "scope_id": _BATCH_ID,
        "period": "total",
        "amount": 5,
        "spent": 4.2,
        "currency": "USD",
        "user_id": None,
        "created_at": _AT,
    },
    "NewBudget": {"scope": "batch", "scope_id": _BATCH_ID, "amount": 5},
    "Budget": {
        "id": "01938c73-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
        "scope": "batch",
        "scope_id": _BATCH_ID,
        "period": "total",
        "amount": 5,
        "spent": 4.2,
        "currency": "USD",
        "percent": 84,
        "state": "warned",
        "warned_at": _AT,
        "exceeded_at": None,
        "held_tasks": 0,
    },
}
