-- Personal data sealed.
select 1;
