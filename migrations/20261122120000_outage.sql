-- When the server was not running while sessions were.

create table outage (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.to') virtual,
    is_open integer not null generated always as (doc ->> '$.is_past' is null) virtual
) strict;
create index outage_rev on outage (rev);
create index outage_touched on outage (touched_at_ms);
create index outage_open on outage (id) where is_open;
