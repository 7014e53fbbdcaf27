-- Packages, batches and vouchers; and what the shop wants done at its gateway.

create table package (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index package_rev on package (rev);

create table batch (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc))
) strict;
create index batch_rev on batch (rev);

create table voucher (
    id text primary key,
    rev integer not null,
    doc text not null check (json_valid(doc)),
    touched_at_ms integer not null generated always as (doc ->> '$.touched_at') virtual,
    is_open integer not null
        generated always as (doc ->> '$.sold' is null and doc ->> '$.ended' is null) virtual,
    code text not null generated always as (upper(doc ->> '$.code')) virtual,
    batch_id text not null generated always as (doc ->> '$.batch_id') virtual
) strict;
create index voucher_rev on voucher (rev);
create index voucher_touched on voucher (touched_at_ms);
create index voucher_open on voucher (id) where is_open;
create index voucher_code on voucher (code);
create index voucher_batch on voucher (batch_id);

-- What the log asked of the gateway, and how far that is.
create table gateway_job (
    op_id text primary key,
    seq integer not null,
    task text not null check (json_valid(task)),
    n_done integer not null,
    n_all integer not null,
    n_tries integer not null,
    trouble text check (trouble is null or json_valid(trouble)),
    next_at_ms integer not null,
    is_done integer not null
) strict;
create index gateway_job_seq on gateway_job (seq);
create index gateway_job_open on gateway_job (seq) where not is_done;

-- Nothing before this asked anything of a gateway.
insert into meta (name, value) select 'gateway_cursor', coalesce(max(seq), 0) from op_log;
