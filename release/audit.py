"""Looks for known vulnerabilities in the locked dependencies: `make audit`.

pip-audit asks the advisory service OSV about each locked version. Where the service cannot be
reached the audit is skipped, which is said, and the exit status is 0. It is 1 where a
vulnerability is known, or where pip-audit itself fails.
"""

import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

LOCK = Path(__file__).parents[1] / "requirements.lock"
SERVICE = "https://api.osv.dev/v1/query"
_TIMEOUT = 10.0  # seconds until the service counts as out of reach


def reaches(url: str) -> str:
    """Return why the service at `url` cannot be reached, or nothing where it answers at all."""
    try:
        with urlopen(url, timeout=_TIMEOUT):  # noqa: S310 - the address is ours or the developer's
            return ""
    except HTTPError:  # an answer: the service wants another question
        return ""
    except (URLError, OSError) as error:
        return str(getattr(error, "reason", error))


def main() -> int:
    """Run the audit; the advisory service may be another one, named by GATEPASS_AUDIT_SERVICE."""
    service = os.environ.get("GATEPASS_AUDIT_SERVICE", SERVICE)
    lock = sys.argv[1] if len(sys.argv) > 1 else str(LOCK)
    why = reaches(service)
    if why:
        print(f"audit skipped: the advisory service {service} cannot be reached ({why})")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip"]
    options = ["--require-hashes", "--progress-spinner", "off"]
    found = subprocess.run(  # noqa: S603 - the locked program, without a shell
        [*command, *options, "--vulnerability-service", "osv", "--osv-url", service], check=False
    )
    return found.returncode


if __name__ == "__main__":
    sys.exit(main())
