-- How calls rang, where their line tells: 接通率 and 15秒接通率 count it. No stored call has any of it, so none is rewritten.
alter table calls
    add column connected boolean,           -- somebody answered; null: the line does not tell
    add column ring_s double precision;     -- seconds from the first ring to the answer, or to the hang-up

alter type statistics_count add value 'rang' after 'case_resolved_first';
alter type statistics_count add value 'connected' after 'rang';
alter type statistics_count add value 'rang_timed' after 'connected';
alter type statistics_count add value 'connected_15s' after 'rang_timed';
