-- Back-pressure and poison calls.
select 1;
