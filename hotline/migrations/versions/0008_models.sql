-- Models promoted on this installation. The newest row is in force; no row, or one without files: the shipped model.
create table models (
    id bigint generated always as identity primary key,
    name text not null,
    -- the model's files as one archive; null: the shipped model. Weights only, no words of calls beyond the vocabulary.
    files bytea,
    digest text,
    promoted_at timestamptz not null default now()
);

-- A second, deeper reading of the same words is a reading of its own, by another model.
alter table triages drop constraint triages_call_id_revision_key;
alter table triages add unique (call_id, revision, model);
