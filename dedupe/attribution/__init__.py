"""Which news agency an article credits, and which agency a site belongs to."""

from __future__ import annotations

from dedupe.attribution.agencies import AGENCIES, Agency, agency_of
from dedupe.attribution.credit import find_credit

__all__ = ["AGENCIES", "Agency", "agency_of", "find_credit"]
