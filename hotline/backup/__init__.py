"""Backups: base backups and the log after them, sealed; restores to a point in time; drills.

A base backup and the segments of the write-ahead log after it lie in one folder, every file sealed with the
backup key (:mod:`hotline.backup.sealed`), which never lies there. The embedded server hands finished segments
over by :mod:`hotline.embedded.archiving`; :mod:`hotline.backup.archiver` seals them. With an outside PostgreSQL
two commands of the operator's take the place of both (:mod:`hotline.backup.hooks`).
"""
