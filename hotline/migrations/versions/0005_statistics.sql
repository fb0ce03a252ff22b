-- Roll-ups.
select 1;
