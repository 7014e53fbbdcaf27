-- What the gateway said last of its guests, and what phones have used which vouchers: that is kept.

create table gateway_guest (
    mac text primary key,
    name text not null,
    address text not null,
    code text not null,
    up_ms integer not null,
    bytes integer not null,
    left_ms integer
) strict;

create table voucher_device (
    code text not null,
    mac text not null,
    name text not null,
    first_seen_ms integer not null,
    last_seen_ms integer not null,
    up_ms integer not null,
    bytes integer not null,
    primary key (code, mac)
) strict;
