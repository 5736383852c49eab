"""A batch as one would write it with requests: a pool of eight threads, a session each, urllib3's
own repetitions with backoff (Retry-After obeyed), two seconds between looks.

    BASE_URL=... API_KEY=... batch.py IN_DIRECTORY OUT_DIRECTORY

POLL and BACKOFF are seconds, so that a benchmark can scale them.
"""

import os
import pathlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ["API_KEY"]
POLL = float(os.environ.get("POLL", "2"))
BACKOFF = float(os.environ.get("BACKOFF", "1"))
TIMEOUT = (10, 60)

local = threading.local()


def session():
    if not hasattr(local, "session"):
        retry = Retry(
            total=8,
            backoff_factor=BACKOFF,
            status_forcelist=[429, 500, 502, 503, 504],
            allowed_methods=None,  # all of them, also POST
            respect_retry_after_header=True,
        )
        local.session = requests.Session()
        local.session.trust_env = False
        for scheme in ("http://", "https://"):
            local.session.mount(scheme, HTTPAdapter(max_retries=retry))
    return local.session


def call(method, path, **options):
    headers = {"X-Api-Key": API_KEY}
    answer = session().request(method, BASE_URL + path, headers=headers, timeout=TIMEOUT, **options)
    answer.raise_for_status()
    return answer.json()


def one(path, out):
    with open(path, "rb") as clip:
        uploaded = call("POST", "/v1/uploads", files={"file": (path.name, clip, "video/mp4")})
    wanted = {
        "video_url": uploaded["video_url"],
        "output_format": "webm",
        "bg_type": "transparent",
    }
    job = call("POST", "/v1/jobs", json=wanted)
    while True:
        time.sleep(POLL)
        job = call("GET", f"/v1/jobs/{job['id']}")
        if job["status"] == "failed":
            raise RuntimeError(job["error"])
        if job["status"] == "completed":
            break
    part = out / f"{path.stem}.part"
    with session().get(job["output_url"], stream=True, timeout=TIMEOUT) as answer:
        answer.raise_for_status()
        with open(part, "wb") as file:
            for chunk in answer.iter_content(1 << 16):
                file.write(chunk)
    part.rename(out / f"{path.stem}-nobg.webm")


def main():
    inputs = sorted(pathlib.Path(sys.argv[1]).glob("*.mp4"))
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with ThreadPoolExecutor(8) as pool:
        for path, future in [(path, pool.submit(one, path, out)) for path in inputs]:
            try:
                future.result()
            except Exception as error:
                failed += 1
                print(f"{path}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
