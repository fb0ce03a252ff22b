-- Retention and legal hold.
select 1;
