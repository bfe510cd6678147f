"""Supabase Realtime's protocol: live channels over websockets, fed by clients and by the database.

    handshake    one websocket: who calls, then a `Socket`        frames        what goes over it, in both versions
    socket       its joined channels                              outbox        what waits to be sent; bounded
    channel      one joined topic                                 joining       what must hold before it is joined
    hub          who has joined which topic                       policies      what row-level security says
    messages     rows of `realtime.messages` to their topics      presence      who is there
    changes      changed rows of other tables to those who may see them
    replication  the log of the database, decoded by `decoder`    broadcasts    sending by HTTP

Everything runs in one event loop. What is sent to many is encoded once; nobody is waited for.
"""
