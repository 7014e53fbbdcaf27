-- Phones in the guests' network, logged in or not, as the gateway told of them last.

create table gateway_host (
    mac text primary key,
    name text not null,
    address text not null,
    server text not null,
    is_logged_in integer not null,
    first_seen_ms integer not null
) strict;
