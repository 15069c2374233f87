"""What the harness does at Firstline: the same works as at the floor (see the harness's own docstring for the form)."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ["BENCH_HARNESS"], "specs"))
from common import DSN, IDX

CSRF = {"csrf": r'name="csrfmiddlewaretoken" value="([^"]+)"'}
FORM = CSRF | {"stamp": r'name="stamp"[^>]* value="([^"]+)"'}


def spec(size: str) -> dict:
    return {
        "name": "firstline",
        "base": f"http://127.0.0.1:{8620 + IDX[size]}",
        "cpu": {"app": {"cgroup": f"perf_firstline_{size}"}, "db": {"cgroup": "perf_pg"}},
        "queries": {"pg": DSN + "perf_firstline_" + size},
        "login": [
            {"get": "/sign-in/", "extract": CSRF},
            {
                "post": "/sign-in/",
                "data": {"csrfmiddlewaretoken": "{csrf}", "username": "agent1@perf.test", "password": "perf-pass"},
                "status": 302,
            },
        ],
        "works": {
            "W1": {
                "client": "anon",
                "steps": [
                    {"get": "/requests/new/", "extract": FORM, "free": True},
                    {
                        "post": "/requests/new/",
                        "data": {
                            "csrfmiddlewaretoken": "{csrf}", "stamp": "{stamp}", "time_zone": "",
                            "email": "cust{cust}@example.test", "name": "", "category": "", "reference": "",
                            "subject": "Bench subject {n}", "body": "{seed}",
                        },
                        "status": 302,
                    },
                ],
            },
            "W2": {"client": "agent", "steps": [{"get": "/desk/", "count": [r'data-ticket="\d', 50]}]},
            "W3": {"client": "agent", "steps": [{"get": "/desk/tickets/{r20}/", "count": ['data-message="', 20]}]},
            "W4": {
                "client": "agent",
                "setup": [{"get": "/desk/tickets/1/", "extract": CSRF}],
                "steps": [
                    {
                        "post": "/desk/tickets/{r40}/replies/",
                        "data": {
                            "csrfmiddlewaretoken": "{csrf}", "kind": "reply", "body": "{seed} {n}",
                            "next_state": "", "dedupe_key": "bench-{n}",
                        },
                        "status": 302,
                    }
                ],
            },
            "W5": {
                "client": "agent",
                "steps": [{"get": "/desk/search/?q=zephyr+quartz", "count": [r'data-ticket="\d', 25]}],
            },
        },
    }  # fmt: skip
