"""Supabase Auth as the gateway speaks it: users, sessions, links by e-mail, and sign-in at OpenID providers.

Tables are those of the real service, in the schema `auth`; so are codes, statuses and messages where clients look at
them. What the real service would send by e-mail is shown at `/mail`.
"""

from cliprow.local.gateway.auth.part import AuthPart

__all__ = ["AuthPart"]
