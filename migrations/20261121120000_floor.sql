-- The floor: the log, the rows it leads to, and who is signed in.
--
-- A row is one document with the log position that last changed it. What is searched is read out of the document by
-- the database itself, so nothing is written twice and nothing can disagree.

create table op_log (
    seq integer primary key,
    op_id text not null unique,
    device_id text not null,
    incarnation text not null,
    device_seq integer not null,
    staff_id text not null,
    subject text not null,
    at_ms integer not null,
    received_at_ms integer not null,
    outcome text not null,
    bytes text not null,
    chain text not null
) strict;
create index op_log_subject on op_log (subject, seq);

create table device_head (
    device_id text not null,
    incarnation text not null,
    watermark integer not null,
    chain text not null,
    primary key (device_id, incarnation)
) strict, without rowid;

create table meta (
    name text primary key,
    value text not null
) strict, without rowid;

create table shop (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index shop_rev on shop (rev);

create table staff (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index staff_rev on staff (rev);

create table staff_secret (
    id text primary key references staff (id) deferrable initially deferred,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index staff_secret_rev on staff_secret (rev);

create table station (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index station_rev on station (rev);

create table category (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index category_rev on category (rev);

create table item (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    category_id text not null generated always as (doc ->> '$.category_id') virtual
        references category (id) deferrable initially deferred
) strict;
create index item_rev on item (rev);

create table session (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    station_id text not null generated always as (doc ->> '$.station_id') virtual
        references station (id) deferrable initially deferred,
    started_at_ms integer not null generated always as (doc ->> '$.started_at') virtual,
    touched_at_ms integer not null generated always as (doc ->> '$.touched_at') virtual,
    ended_at_ms integer generated always as (doc ->> '$.ended.at') virtual,
    ended_by text generated always as (doc ->> '$.ended.by') virtual,
    alias_of text generated always as (doc ->> '$.alias_of') virtual,
    total integer generated always as (doc ->> '$.settlement.total') virtual,
    is_open integer not null
        generated always as (doc ->> '$.settlement.total' is null and doc ->> '$.alias_of' is null) virtual
) strict;
create unique index session_live on session (station_id) where ended_at_ms is null and alias_of is null;
create index session_open on session (id) where is_open;
create index session_alias on session (alias_of) where alias_of is not null;
create index session_rev on session (rev);
create index session_touched on session (touched_at_ms);
create index session_ended on session (ended_at_ms, total) where ended_at_ms is not null;
create index session_station_ended on session (station_id, ended_at_ms, total) where ended_at_ms is not null;
create index session_staff_ended on session (ended_by, ended_at_ms, total) where ended_at_ms is not null;

create table sale (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.touched_at') virtual,
    is_open integer not null generated always as (0) virtual
) strict;
create index sale_rev on sale (rev);
create index sale_touched on sale (touched_at_ms);

create table suspense (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index suspense_rev on suspense (rev);

create table review (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.at') virtual,
    is_open integer not null generated always as (0) virtual
) strict;
create index review_touched on review (touched_at_ms);
create index review_rev on review (rev);

create table login (
    login_id text primary key,
    staff_id text not null references staff (id) deferrable initially deferred,
    token_hash text not null unique,
    created_at_ms integer not null,
    expires_at_ms integer not null,
    ended_at_ms integer
) strict;

create table login_failure (
    staff_id text primary key,
    n_failures integer not null,
    locked_until_ms integer
) strict, without rowid;
