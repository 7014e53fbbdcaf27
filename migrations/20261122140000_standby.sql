-- A standby, and what lets a device in there.

-- What a standby holds until the shop has given it a place, by its place among the rest.
create table held (
    place integer primary key,
    doc text not null check (json_valid(doc))
) strict;

-- The hash of a second token of a stay, which a device shows to the other server.
alter table login add column pass_hash text;
create unique index login_pass on login (pass_hash) where pass_hash is not null;
