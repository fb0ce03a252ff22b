-- Erasing what people wrote passed over three tables; of calls that were erased so before, they are cleared now.
delete from danger_answers a using calls c where c.id = a.call_id and 'notes' = any(c.erased_parts);
update closing_releases r set reason = null from calls c where c.id = r.call_id and 'notes' = any(c.erased_parts);
update wrap_ups w set disposition = null, summary = null from calls c
where c.id = w.call_id and 'notes' = any(c.erased_parts);
