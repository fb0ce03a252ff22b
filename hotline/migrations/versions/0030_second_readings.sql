-- Which worker asks the second reader about which reading (routing/triage/sharpening): each is asked about once. Not logged:
-- what a crash forgets is asked about again.
create unlogged table second_readings (
    triage_id bigint primary key references triages on delete cascade,
    taken_by  text not null,
    taken_at  timestamptz not null default now()
);
