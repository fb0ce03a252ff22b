-- Models promoted on this installation. The newest row is in force; no row, or one without files: the shipped model.
create table models (
    id bigint generated always as identity primary key,
    name text not null,
    -- the model's files as one archive; null: the shipped model. Weights only, no words of calls beyond the vocabulary.
    files bytea,
    digest text,
    promoted_at timestamptz not null default now()
);
