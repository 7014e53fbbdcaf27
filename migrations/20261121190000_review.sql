-- A review goes on until somebody has looked: every device holds it until then.

create table review_seen (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.at') virtual,
    is_open integer not null generated always as (doc ->> '$.seen' is null) virtual
) strict;
insert into review_seen (id, rev, doc) select id, rev, doc from review;
drop table review;
alter table review_seen rename to review;
create index review_rev on review (rev);
create index review_touched on review (touched_at_ms);
create index review_open on review (id) where is_open;
