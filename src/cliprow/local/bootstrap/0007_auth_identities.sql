-- Identities are looked up by their address when a provider has proved it.

set local role supabase_auth_admin;
create index identities_email_idx on auth.identities (email text_pattern_ops);
comment on index auth.identities_email_idx is 'Auth: looks for accounts to link.';
reset role;
