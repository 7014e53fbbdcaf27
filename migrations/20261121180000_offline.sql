-- Offline: a browser sends what it recorded while it was away, under whoever is signed in by then.

alter table login add column browser_hash text;
create index op_log_device on op_log (device_id, seq);
