-- Periods of single fields (routing/erasure/parts.py): a field that is erased before its part is named beside the parts;
-- with its part it is part of that again, so that a call of which nothing is left still reads {caller,notes,words}.
alter table calls
    drop constraint calls_erased_parts_check,
    add constraint calls_erased_parts_check
        check (erased_parts <@ '{caller,notes,words,number,name,address,recording,source,tokens}'::text[]) not valid;
