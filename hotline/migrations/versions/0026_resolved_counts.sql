-- Whether a caller says that the matter is settled: 解决率 and 首次解决率 count it.
alter type statistics_count add value 'case_resolved' after 'case_unsatisfied';
alter type statistics_count add value 'case_unresolved' after 'case_resolved';
alter type statistics_count add value 'case_resolved_first' after 'case_unresolved';
alter table undertakings
    add column resolved boolean,                     -- what the caller said, last; null: was not asked or did not say
    add column times_again int not null default 0;   -- how often the caller was not satisfied and the desk took it up again
update undertakings k set times_again = again.n
from (select call_id, detail->>'queue' as queue, count(*) as n from call_log where action = 'case_again' group by 1, 2) again
where k.call_id = again.call_id and k.queue = again.queue;
