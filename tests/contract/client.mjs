// A client written from the API's documentation alone, to check that the sandbox keeps to it.
//
//     node client.mjs BASE_URL API_KEY CLIP [EMPTY_KEY]
//
// Goes the whole way with one clip, then meets the documented failures. EMPTY_KEY is a key without
// credits. Prints one JSON object on success; exits with 1 and a reason otherwise. Shares nothing
// with the rest of this repository.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const TIMEOUT = 30_000

class ApiError extends Error {
  constructor(status, { code, message, request_id: requestId }) {
    super(`${status} ${code}: ${message} (${requestId})`)
    Object.assign(this, { status, code, requestId, reason: message })
  }
}

class Api {
  constructor(baseUrl, apiKey) {
    this.baseUrl = baseUrl.replace(/\/$/, '')
    this.headers = apiKey === undefined ? {} : { 'X-Api-Key': apiKey }
  }

  async call(method, path, { query, json, form } = {}) {
    const url = new URL(this.baseUrl + path)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    const headers = { ...this.headers }
    let body = form
    if (json !== undefined) {
      headers['Content-Type'] = 'application/json'
      body = JSON.stringify(json)
    }
    const signal = AbortSignal.timeout(TIMEOUT)
    const response = await fetch(url, { method, headers, body, signal })
    const answer = await response.json()
    if (!response.ok) throw new ApiError(response.status, answer.error)
    return answer
  }

  upload(bytes, name, type) {
    const form = new FormData()
    form.append('file', new Blob([bytes], type ? { type } : {}), name)
    return this.call('POST', '/v1/uploads', { form })
  }

  async wait(id, milliseconds = 600_000) {
    const deadline = Date.now() + milliseconds
    let delay = 250
    while (Date.now() < deadline) {
      const job = await this.call('GET', `/v1/jobs/${id}`)
      if (job.status === 'completed' || job.status === 'failed') return job
      await sleep(delay)
      delay = Math.min(delay * 1.5, 5000)
    }
    throw new Error(`job ${id} does not end`)
  }
}

async function refused(statuses, code, call) {
  const error = await call().then(
    (answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`),
    (error) => error,
  )
  assert.ok(error instanceof ApiError, error)
  assert.ok(statuses.includes(error.status), error.message)
  assert.equal(error.code, code, error.message)
  assert.ok(error.reason && error.requestId, error.message)
}

async function success(api, clip) {
  const health = await api.call('GET', '/health')
  assert.ok(['healthy', 'degraded'].includes(health.status))
  const upload = await api.upload(clip, 'clip.mp4', 'video/mp4')
  assert.equal(upload.success, true)
  assert.equal(upload.size, clip.length)
  // Started at once, as the documented default is.
  const created = await api.call('POST', '/v1/jobs', {
    json: {
      video_url: upload.video_url,
      model: 'human',
      output_format: 'mp4',
      bg_type: 'color',
      bg_color: [0.035, 0.635, 0.274],
    },
  })
  assert.equal(created.success, true)
  const job = await api.wait(created.id)
  assert.equal(job.status, 'completed', JSON.stringify(job))
  const output = await fetch(job.output_url, { signal: AbortSignal.timeout(TIMEOUT) })
  assert.equal(output.status, 200)
  const bytes = Buffer.from(await output.arrayBuffer())
  assert.equal(bytes.subarray(4, 8).toString('latin1'), 'ftyp')

  // Resuming a download, as far as the server offers it.
  if (output.headers.get('accept-ranges') === 'bytes') {
    const headers = { Range: 'bytes=100-', 'If-Range': output.headers.get('etag') }
    const rest = await fetch(job.output_url, { headers, signal: AbortSignal.timeout(TIMEOUT) })
    assert.equal(rest.status, 206)
    assert.deepEqual(Buffer.from(await rest.arrayBuffer()), bytes.subarray(100))
  }

  const draft = await api.call('POST', '/v1/jobs', {
    json: { video_url: upload.video_url, auto_start: false },
  })
  assert.ok(['created', 'pending'].includes(draft.status), draft.status)
  const page = await api.call('GET', '/v1/jobs', { query: { limit: 1, status: draft.status } })
  const jobs = Array.isArray(page) ? page : (page.items ?? page.jobs ?? page.data)
  assert.deepEqual(jobs.map((job) => job.id), [draft.id])
  const { credits_used: used } = await api.call('GET', '/v1/usage/summary')
  assert.ok(used > 0)
  return { draft: draft.id, job: job.id }
}

async function failures(api, clip, emptyKey, ids) {
  const { baseUrl } = api
  await refused([401], 'missing_api_key', () => new Api(baseUrl).call('GET', '/v1/jobs'))
  await refused([401], 'invalid_api_key', () => new Api(baseUrl, 'wrong').call('GET', '/v1/jobs'))
  await refused([404], 'not_found', () => api.call('GET', '/v1/jobs/job_unknown'))
  await refused([404], 'not_found', () => api.call('POST', '/v1/jobs/job_unknown/start'))
  await refused([400], 'invalid_request', () => api.upload('#EXTM3U\n', 'clip.mp4', 'video/mp4'))
  await refused([400, 422], 'invalid_request', () => api.call('POST', '/v1/jobs', { json: {} }))
  await refused([400, 422], 'invalid_request', () =>
    api.call('GET', '/v1/usage/summary', { query: { days: 91 } }))
  await refused([400], 'invalid_request', () =>
    new Api(baseUrl).call('GET', `/api/download/${ids.draft}`))
  if (emptyKey !== undefined) {
    const poor = new Api(baseUrl, emptyKey)
    await refused([404], 'not_found', () => poor.call('GET', `/v1/jobs/${ids.job}`))
    const { video_url: videoUrl } = await poor.upload(clip, 'clip.mp4')
    const draft = await poor.call('POST', '/v1/jobs', {
      json: { video_url: videoUrl, auto_start: false },
    })
    await refused([402], 'insufficient_credits', () =>
      poor.call('POST', `/v1/jobs/${draft.id}/start`, { json: {} }))
  }
}

const [baseUrl, apiKey, clipPath, emptyKey] = process.argv.slice(2)
const api = new Api(baseUrl, apiKey)
const clip = await readFile(clipPath)
const ids = await success(api, clip)
await failures(api, clip, emptyKey, ids)
console.log(JSON.stringify({ ok: true, ...ids }))
