"""The lawyer's desk 律师席: what it has beside the shared parts of a desk."""

from __future__ import annotations

from hotline.console.desk_view import Desk

LAWYER = Desk(page="desk_lawyer.html", side="_desk_side.html", work="_desk_work.html")
