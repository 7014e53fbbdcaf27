-- When a server found that its log had lost its end.

create table loss (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.to') virtual,
    is_open integer not null generated always as (0) virtual
) strict;
create index loss_rev on loss (rev);
create index loss_touched on loss (touched_at_ms);
create index loss_open on loss (id) where is_open;
