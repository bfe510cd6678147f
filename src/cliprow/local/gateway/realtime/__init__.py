"""Supabase Realtime's protocol: live channels over websockets, fed by clients and by the database.

    part          starts and stops it all                     exchange     what all websockets share
    handshake     one websocket: who calls, then a `Socket`   transport    the web server's side of it
    socket        its joined channels                         outbox       what waits to be sent; bounded
    channel       one joined topic                            joining      what is asked for with a join
    frames        what goes over a websocket                  limits       how much of it
    hub           who has joined which topic                  presence     who is there
    policies      what row-level security says of a topic     broadcasts   sending by HTTP

    replication   the database's log as it grows              decoder      its format
    messages      rows of `realtime.messages` to their topics
    changes       changed rows of other tables to those who want them and may see them: `subscriptions` say what is
                  wanted, `filters` on which conditions, `rows` asks the database, `change_event` is what is told

Everything runs in one event loop. What is sent to many is encoded once; nobody is waited for.
"""
