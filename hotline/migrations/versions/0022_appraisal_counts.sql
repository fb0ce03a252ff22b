-- The appraisal of a case by the caller it was worked on for: 满意率 counts it beside the lines' own ratings.
alter type statistics_count add value 'case_satisfied' after 'rated_5';
alter type statistics_count add value 'case_unsatisfied' after 'case_satisfied';
