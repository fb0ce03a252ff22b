"""Cases: what mediators and departments carry over days and weeks, from acceptance to appraisal."""
