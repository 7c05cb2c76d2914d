-- Results are written by the statement that has just written their lookup.
alter table results drop constraint results_lookup;
