-- Entries come in the sequence of time, nearly: a small index finds those of a day.
create index audit_trail_at on audit_trail using brin (at);
