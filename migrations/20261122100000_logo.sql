-- Pictures on printed vouchers, each under the hash of its bytes: the shop's settings say which of them is shown.

create table logo (
    name text primary key,
    bytes blob not null,
    kept_at_ms integer not null
) strict;
