"""The embedded gateway: a development server that speaks Supabase's own protocols on one port of 127.0.0.1.

    /auth/v1        sign-up, sign-in, sessions (`auth`)
    /realtime/v1    live channels (`realtime`)
    /storage/v1     files (`storage`)
    /rest/v1        functions and plain reads (`rest`)

The official clients work against it unmodified. It is for one machine and for tests; in production these services are
a Supabase project's. Nothing outside this package may know which of the two it talks to.
"""
