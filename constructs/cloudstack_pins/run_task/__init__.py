"""The run task service: reviews a plan inside the run of HCP Terraform, and activates its pins after the apply.

``settings`` what is served and with which keys · ``origins`` the hosts that may be talked to · ``request`` what HCP
Terraform sends · ``hcp`` fetches plans and reports results · ``outcomes`` what a result looks like there · ``stages``
the work of each stage · ``worker`` runs it once, in order, and to an end · ``app`` the endpoints.
"""

from __future__ import annotations
