-- Filled by its owner.
select 1;
