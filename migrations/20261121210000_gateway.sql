-- The way to the gateway. Its password is sealed with a key that is not in this file.

create table gateway (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index gateway_rev on gateway (rev);
