-- The audit chain and database roles.
select 1;
