-- Periods of more single fields (0028): what was said apart from what readings quote of it, what was written at the desk
-- that took a call apart from what was written in its cases.
alter table calls
    drop constraint calls_erased_parts_check,
    add constraint calls_erased_parts_check
        check (erased_parts <@ '{caller,notes,words,number,name,address,recording,source,transcript,readings,tokens,
                                 handling,cases}'::text[]) not valid;
