-- Administrators of three kinds, lock-outs, second factors, sessions that can be listed and locked, log-in by an
-- outside provider.

alter table users drop constraint users_role_check;
alter table users add constraint users_role_check check (role in
    ('operator', 'lawyer', 'mediator', 'police', 'department', 'manager', 'admin', 'security', 'auditor', 'line'));
alter table users add column password_changed_at timestamptz not null default now();

-- What administrators did as one is three roles now: accounts need a security administrator, named with
-- hotline user add NAME --role security

-- Passwords a person had before: they are not taken again.
create table old_passwords (
    id             bigint generated always as identity primary key,
    user_id        bigint not null references users on delete cascade,
    password_hash  text not null,
    until          timestamptz not null default now()
);
create index on old_passwords (user_id, id desc);

-- Names and addresses that failed too often. A name that nobody has is locked like any other, so that a lock-out
-- does not tell which names exist.
create table lock_outs (
    subject       text primary key,               -- name:... or address:..., as in login_failures
    locked_until  timestamptz not null
);

-- Sessions are rows a person can tell apart. None survives this migration: people log in again.
delete from sessions;
alter table sessions
    add column id bigint generated always as identity unique,
    add column way text not null default 'password' check (way in ('password', 'provider')),
    add column stage text not null default 'open' check (stage in ('code', 'open')), -- code: the second factor is due
    add column strong boolean not null default false,   -- a second factor was shown, here or at the provider
    add column address text not null default '',
    add column browser text not null default '',        -- in plain words, not the whole header
    add column active_at timestamptz not null default now(),  -- the last input of the person, not of the page
    add column locked_at timestamptz;
create index on sessions (expires_at);

-- Second factors by time (RFC 6238). The secret is sealed by the vault (use second_factors.secret).
create table second_factors (
    user_id       bigint primary key references users on delete cascade,
    secret        bytea not null,
    confirmed_at  timestamptz,                    -- null: shown, and no code of it seen yet
    last_step     bigint not null default 0,      -- the newest step used: no code is taken twice
    created_at    timestamptz not null default now()
);

-- Codes for the day the telephone is lost; each works once.
create table recovery_codes (
    user_id    bigint not null references users on delete cascade,
    code_hash  bytea not null,                    -- SHA-256 of a random code of 79 bits
    used_at    timestamptz,
    primary key (user_id, code_hash)
);

-- Log-ins begun at the outside provider and not come back yet; each answer is taken once.
create table provider_logins (
    state_hash   bytea primary key,               -- SHA-256
    browser_hash bytea not null,                  -- SHA-256 of a cookie: the answer counts in the same browser only
    nonce        text not null,
    verifier     bytea not null,                  -- PKCE, sealed by the vault (use provider_logins.verifier)
    target       text not null,                   -- the path to go to afterwards
    expires_at   timestamptz not null
);
create index on provider_logins (expires_at);
