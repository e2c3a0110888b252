"""Every layout that the Importer knows."""

from webapp.services.roster.oneroster_layouts import ONEROSTER
from webapp.services.roster.own_layouts import OWN
from webapp.services.roster.vendor_layouts import VENDORS

LAYOUTS = (*OWN, *ONEROSTER, *VENDORS)
