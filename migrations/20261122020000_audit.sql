-- Audit: the log is only ever added to, at its end. And from here on its chain covers every column of an entry.

create trigger op_log_grows_at_its_end before insert on op_log
when new.seq is not (select coalesce(max(seq), 0) + 1 from op_log)
    or exists (select 1 from op_log where op_id = new.op_id)
begin
    select raise(abort, 'op_log is append-only: an entry goes to its end, once');
end;

create trigger op_log_is_never_changed before update on op_log
begin
    select raise(abort, 'op_log is append-only: an entry is never changed');
end;

create trigger op_log_is_never_cut before delete on op_log
begin
    select raise(abort, 'op_log is append-only: an entry is never taken out');
end;

insert into meta (name, value) select 'chain_whole_from', coalesce(max(seq), 0) + 1 from op_log;

-- What the audit page searches by.
alter table op_log add column kind text generated always as (
    case when instr(bytes, '"body":{"') > 0 then substr(
        bytes, instr(bytes, '"body":{"') + 9,
        instr(substr(bytes, instr(bytes, '"body":{"') + 9), '"') - 1
    ) end
) virtual;
create index op_log_kind on op_log (kind, seq);
create index op_log_staff on op_log (staff_id, seq);
create index op_log_odd on op_log (seq) where outcome <> '"applied"';
