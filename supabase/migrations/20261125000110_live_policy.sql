-- Who may receive what is sent on a live topic. Realtime asks when a channel is joined, by a row of that topic which
-- it rolls back, and again when the follower's token is refreshed.
--
-- There is no policy for INSERT: only the database sends, so nobody can make others believe in a state that is not so,
-- or use up the messages that all tenants of a project share.

create policy "Members receive what is sent on the live topics of their tenant" on realtime.messages
for select to authenticated
using (
  extension in ('broadcast', 'presence')
  and topic = (select realtime.topic())
  and (select private.may_follow((select realtime.topic())))
);
