-- Five statuses where there was one flag; who was signed out; browsers that are paired.

update staff set doc = json_remove(
    json_set(doc, '$.status', iif(doc ->> '$.is_active', 'active', 'suspended')), '$.is_active'
) where doc ->> '$.status' is null;

alter table login add column sign_outs integer not null default 0;

create table browser (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index browser_rev on browser (rev);

-- The browsers that have been here, by the hash of the name in their cookie. What an owner decided about one stands in
-- its row of the table before.
create table known_browser (
    browser_hash text primary key,
    browser_id text not null unique,
    number integer not null,
    agent text not null,
    version text not null,
    first_seen_ms integer not null,
    last_seen_ms integer not null,
    asked_ms integer
) strict, without rowid;
create index known_browser_seen on known_browser (last_seen_ms);
