-- The mediators' group 调解组 a person belongs to, by the name that grids give it (grids.mediator_group).
alter table agents add column mediator_group text;
create index on agents (mediator_group) where mediator_group is not null;
