-- Second factor and administrator roles.
select 1;
