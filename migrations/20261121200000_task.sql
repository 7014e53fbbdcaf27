-- Tasks, checklists and the times that somebody went through one; and whether a login is on a phone.

create table task (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.touched_at') virtual,
    is_open integer not null
        generated always as (doc ->> '$.done' is null and not doc ->> '$.is_removed') virtual
) strict;
create index task_rev on task (rev);
create index task_touched on task (touched_at_ms);
create index task_open on task (id) where is_open;

create table checklist (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index checklist_rev on checklist (rev);

create table run (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.touched_at') virtual,
    is_open integer not null generated always as (doc ->> '$.finished' is null) virtual
) strict;
create index run_rev on run (rev);
create index run_touched on run (touched_at_ms);
create index run_open on run (id) where is_open;

alter table login add column is_phone integer not null default 0;
