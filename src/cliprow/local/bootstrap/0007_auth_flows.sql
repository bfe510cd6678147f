-- What Supabase Auth keeps besides users and sessions: links and codes sent by e-mail, sign-ins under way, how somebody
-- signed in. Columns are those of the real tables; here the gateway writes them.

set local role supabase_auth_admin;

create type auth.one_time_token_type as enum (
    'confirmation_token', 'reauthentication_token', 'recovery_token',
    'email_change_token_new', 'email_change_token_current', 'phone_change_token'
);
create type auth.code_challenge_method as enum ('s256', 'plain');
create type auth.factor_type as enum ('totp', 'webauthn', 'phone');
create type auth.factor_status as enum ('unverified', 'verified');

alter table auth.sessions
    add column refresh_token_hmac_key text,
    add column refresh_token_counter bigint,
    add column scopes text check (length(scopes) <= 4096);
comment on column auth.sessions.refresh_token_hmac_key is 'Signs this session''s refresh tokens.';
comment on column auth.sessions.refresh_token_counter is 'Number of the refresh token issued last.';

create table auth.one_time_tokens (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    token_type auth.one_time_token_type not null,
    token_hash text not null check (token_hash <> ''),
    relates_to text not null,
    created_at timestamp not null default now(),
    updated_at timestamp not null default now()
);
comment on table auth.one_time_tokens is 'Hashes of links and codes that were sent and not used yet.';
create index one_time_tokens_token_hash_hash_idx on auth.one_time_tokens using hash (token_hash);
create index one_time_tokens_relates_to_hash_idx on auth.one_time_tokens using hash (relates_to);
create unique index one_time_tokens_user_id_token_type_key on auth.one_time_tokens (user_id, token_type);

create table auth.flow_state (
    id uuid primary key,
    user_id uuid,
    auth_code text,
    code_challenge_method auth.code_challenge_method,
    code_challenge text,
    provider_type text not null,
    provider_access_token text,
    provider_refresh_token text,
    created_at timestamptz,
    updated_at timestamptz,
    authentication_method text not null,
    auth_code_issued_at timestamptz,
    invite_token text,
    referrer text,
    oauth_client_state_id uuid,
    linking_target_id uuid,
    email_optional boolean not null default false
);
comment on table auth.flow_state is 'Sign-ins that began here and end with a code that the same client exchanges.';
create index idx_auth_code on auth.flow_state (auth_code);
create index idx_user_id_auth_method on auth.flow_state (user_id, authentication_method);
create index flow_state_created_at_idx on auth.flow_state (created_at desc);

create table auth.oauth_client_states (
    id uuid primary key,
    provider_type text not null,
    code_verifier text,
    created_at timestamptz not null
);
comment on table auth.oauth_client_states is 'Our own PKCE verifiers towards providers; each is used once.';
create index idx_oauth_client_states_created_at on auth.oauth_client_states (created_at);

create table auth.mfa_factors (
    id uuid primary key,
    user_id uuid not null references auth.users on delete cascade,
    friendly_name text,
    factor_type auth.factor_type not null,
    status auth.factor_status not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    secret text,
    phone text,
    last_challenged_at timestamptz unique,
    web_authn_credential jsonb,
    web_authn_aaguid uuid,
    last_webauthn_challenge_data jsonb
);
comment on table auth.mfa_factors is 'Second factors; the development server enrols none.';
create index mfa_factors_user_id_idx on auth.mfa_factors (user_id);

create table auth.mfa_amr_claims (
    session_id uuid not null references auth.sessions on delete cascade,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    authentication_method text not null,
    id uuid primary key,
    constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method)
);
comment on table auth.mfa_amr_claims is 'How and when a session was signed in: the claim amr.';

alter table auth.one_time_tokens enable row level security;
alter table auth.flow_state enable row level security;
alter table auth.oauth_client_states enable row level security;
alter table auth.mfa_factors enable row level security;
alter table auth.mfa_amr_claims enable row level security;

-- As on a real project, where `postgres` may look and let others look.
grant select on
    auth.users, auth.identities, auth.sessions, auth.refresh_tokens, auth.one_time_tokens, auth.flow_state,
    auth.oauth_client_states, auth.mfa_factors, auth.mfa_amr_claims
to postgres with grant option;

reset role;

-- A real project sends mail; here it lies in a table that the gateway shows at /mail.
create table local_stack.mailbox (
    id uuid primary key default gen_random_uuid(),
    recipient text not null,
    subject text not null,
    kind text not null,
    body text not null,
    link text,
    code text,
    created_at timestamptz not null default clock_timestamp()
);
comment on table local_stack.mailbox is 'E-mail that Auth would have sent.';
comment on column local_stack.mailbox.kind is 'signup, invite, recovery, magiclink, email_change, reauthentication';
create index mailbox_recipient_created_at on local_stack.mailbox (recipient, created_at desc);
grant select, insert, delete on local_stack.mailbox to supabase_auth_admin;
