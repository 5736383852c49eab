"""A client written from the API's documentation alone, to check that the sandbox keeps to it.

    client.py BASE_URL API_KEY CLIP [EMPTY_KEY]

Goes the whole way with one clip, then meets the documented failures. EMPTY_KEY is a key without
credits. Prints one JSON object on success; exits with 1 and a reason otherwise. Shares nothing
with the rest of this repository.
"""

import json
import sys
import time
from datetime import datetime

import requests

TIMEOUT = 30


class ApiError(Exception):
    def __init__(self, response):
        self.status = response.status_code
        error = response.json()["error"]
        self.code = error["code"]
        self.message = error["message"]
        self.request_id = error["request_id"]
        super().__init__(f"{self.status} {self.code}: {self.message} ({self.request_id})")


class Api:
    def __init__(self, base_url, api_key=None):
        self.base_url = base_url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        if api_key is not None:
            self.session.headers["X-Api-Key"] = api_key

    def call(self, method, path, **options):
        response = self.session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if not response.ok:
            raise ApiError(response)
        return response.json()

    def upload(self, path, name):
        with open(path, "rb") as clip:
            # A part with a name and no type of its own.
            return self.call("POST", "/v1/uploads", files={"file": (name, clip)})

    def wait(self, job_id, seconds=600):
        deadline = time.monotonic() + seconds
        delay, seen = 0.25, []
        while time.monotonic() < deadline:
            job = self.call("GET", f"/v1/jobs/{job_id}")
            assert job["status"] in ("created", "pending", "processing", "completed", "failed"), job
            assert 0 <= job["progress"] <= 100, job
            seen.append(job["status"])
            if job["status"] in ("completed", "failed"):
                return job, seen
            time.sleep(delay)
            delay = min(delay * 1.5, 5)
        raise AssertionError(f"job {job_id} does not end: {seen[-1]}")


def refused(status, codes, call):
    """The call must be refused, in the documented shape."""
    try:
        answer = call()
    except ApiError as error:
        assert error.status in status, error
        assert error.code in codes, error
        assert error.message and error.request_id, error
        return error
    raise AssertionError(f"not refused: {answer}")


def success(api, clip):
    assert api.call("GET", "/health")["status"] in ("healthy", "degraded")
    prices = api.call("GET", "/api/pricing")["model_pricing_credits_per_minute"]
    assert set(prices) == {"original", "light", "pro", "human"}, prices

    before = api.call("GET", "/v1/usage/summary", params={"days": 1})["credits_used"]
    upload = api.upload(clip, "clip.mp4")
    assert upload["success"] is True and upload["video_id"], upload
    assert upload["filename"] == "clip.mp4", upload
    # The vendor's uploads are at a public address, with the ending of the file.
    assert upload["video_url"].endswith(".mp4"), upload
    sent = requests.get(upload["video_url"], timeout=TIMEOUT)
    assert sent.status_code == 200 and sent.headers["content-type"] == "video/mp4", sent.headers
    with open(clip, "rb") as file:
        assert sent.content == file.read()
    draft = api.call("POST", "/v1/jobs", json={
        "video_url": upload["video_url"],
        "model": "light",
        "output_format": "webm",
        "bg_type": "green",
        "bg_color": [0.035, 0.635, 0.274],
        "auto_start": False,
        "metadata": {"from": "client.py"},
    })
    assert draft["success"] is True and draft["status"] in ("created", "pending"), draft
    started = api.call("POST", f"/v1/jobs/{draft['id']}/start", json={
        "background": {"type": "transparent"},
        "composition": {"foreground": {"anchor": "center", "scale": 1}},
    })
    assert started["id"] == draft["id"], started
    job, seen = api.wait(draft["id"])
    assert job["status"] == "completed", job
    assert job["error"] is None and job["output_url"], job
    assert job["duration_seconds"] > 0, job
    datetime.strptime(job["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ")

    # The link carries its own right: no key goes there.
    output = requests.get(job["output_url"], timeout=TIMEOUT)
    assert output.status_code == 200, output.text
    assert output.content[:4] == b"\x1a\x45\xdf\xa3", output.content[:16]
    link = Api(api.base_url).call("GET", f"/api/download/{draft['id']}")
    assert link["success"] is True and link["output_format"] == "webm", link
    assert requests.get(link["download_url"], timeout=TIMEOUT).content == output.content

    listed = api.call("GET", "/v1/jobs", params={"limit": 5, "offset": 0, "status": "completed"})
    jobs = listed if isinstance(listed, list) else next(
        listed[name] for name in ("items", "jobs", "data") if name in listed)
    assert draft["id"] in [job["id"] for job in jobs], listed

    spent = api.call("GET", "/v1/usage/summary", params={"days": 1})["credits_used"] - before
    price = prices["light"] * job["duration_seconds"] / 60
    assert abs(spent - price) < 0.01, (spent, price)
    assert api.call("GET", "/v1/usage/events", params={"limit": 5}), "no usage events"
    return draft["id"], seen


def failures(api, clip, empty_key, own_job):
    base_url = api.base_url
    refused([401], ["missing_api_key"], lambda: Api(base_url).call("GET", "/v1/jobs"))
    refused([401], ["invalid_api_key"], lambda: Api(base_url, "wrong").call("GET", "/v1/jobs"))
    refused([404], ["not_found"], lambda: api.call("GET", "/v1/jobs/job_unknown"))
    refused([400], ["invalid_request"], lambda: api.upload(__file__, "clip.mp4"))
    refused([400, 422], ["invalid_request"], lambda: api.call("POST", "/v1/jobs", json={}))
    refused([400, 422], ["invalid_request"], lambda: api.call("POST", "/v1/jobs", json={
        "video_url": "https://example.com/clip.mp4", "model": "unknown"}))
    video_url = api.upload(clip, "clip.mp4")["video_url"]
    draft = api.call("POST", "/v1/jobs", json={"video_url": video_url, "auto_start": False})
    refused([400], ["invalid_request"],
            lambda: Api(base_url).call("GET", f"/api/download/{draft['id']}"))
    if empty_key is not None:
        poor = Api(base_url, empty_key)
        refused([404], ["not_found"], lambda: poor.call("GET", f"/v1/jobs/{own_job}"))
        own_url = poor.upload(clip, "clip.mp4")["video_url"]
        refused([402], ["insufficient_credits"],
                lambda: poor.call("POST", "/v1/jobs", json={"video_url": own_url}))


def main():
    base_url, api_key, clip, *rest = sys.argv[1:]
    api = Api(base_url, api_key)
    job_id, seen = success(api, clip)
    failures(api, clip, rest[0] if rest else None, job_id)
    print(json.dumps({"ok": True, "job_id": job_id, "states": sorted(set(seen))}))


if __name__ == "__main__":
    main()
