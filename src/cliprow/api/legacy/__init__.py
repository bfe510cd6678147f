"""The surface of the system that Cliprow extends: `/api/*`, `/media/*` and `/ws`, with exactly its shapes.

Off unless a deployment names the tenant whose data it shows (CLIPROW_LEGACY_TENANT). It knows no sign-in: whoever
reaches it acts as that tenant's owner, which is why it answers on loopback only, unless CLIPROW_LEGACY_API_KEY is set.
Single videos of old are batches of one here; ids of the old system stay valid (`legacy_ids`).
"""
