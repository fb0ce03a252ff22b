-- What an organisation is, and whether it is still there; to which department a call was sent by name.
alter table organisations
    add column kind text not null default 'department'
        check (kind in ('city', 'department', 'law_firm', 'mediation', 'police', 'other')),
    add column retired_at timestamptz;

-- Those that are known already are told by what most of their people do.
update organisations o set kind = case
    when o.id = 1 then 'city'
    else coalesce((
        select case u.role when 'lawyer' then 'law_firm' when 'mediator' then 'mediation' when 'police' then 'police'
               when 'operator' then 'other' else 'department' end
        from users u where u.org_id = o.id and u.disabled_at is null
        group by 1 order by count(*) desc, 1 limit 1), 'department')
    end;

-- The department a person named when forwarding; null: whoever answers for the field comes first.
alter table queue_items add column org_id bigint references organisations;
alter table transfers add column org_id bigint references organisations, add column from_org_id bigint references organisations;
create index on queue_items (org_id) where org_id is not null and state in ('waiting', 'offered', 'claimed');
