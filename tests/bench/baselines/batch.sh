#!/bin/bash
# A batch as one would write it with curl and xargs: eight at a time, each call repeated with a
# doubling, jittered wait, Retry-After obeyed, two seconds between looks.
#
#   BASE_URL=... API_KEY=... batch.sh IN_DIRECTORY OUT_DIRECTORY
#
# POLL and BACKOFF are seconds, so that a benchmark can scale them.
set -u
export BASE_URL API_KEY POLL="${POLL:-2}" BACKOFF="${BACKOFF:-1}" OUT="$2"

# call FILE CURL_ARGUMENTS...: leaves the body of a successful answer in FILE.
call() {
    local body="$1" attempt status wait
    shift
    for attempt in 1 2 3 4 5 6 7 8; do
        status=$(curl -sS --noproxy '*' --connect-timeout 10 -D "$body.head" -o "$body" \
            -w '%{http_code}' "$@" 2>>"$OUT/errors.log")
        case "$status" in
            2??) rm -f "$body.head"; return 0 ;;
            000 | 429 | 5??) ;;
            *) echo "gave up: $status for ${*: -1}" >>"$OUT/errors.log"; return 1 ;;
        esac
        wait=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\).*/\1/p' "$body.head" 2>/dev/null)
        sleep "$(awk -v b="$BACKOFF" -v n="$attempt" -v asked="${wait:-0}" -v seed="$RANDOM" \
            'BEGIN { srand(seed); d = b * 2 ^ (n - 1); if (d > 8 * b) d = 8 * b
                     w = d * (1 + rand()); print (w > asked) ? w : asked }')"
    done
    echo "gave up after $attempt attempts: ${*: -1}" >>"$OUT/errors.log"
    return 1
}

# field NAME FILE: a field of an answer.
field() { jq -r ".$1" "$2"; }

one() {
    local input="$1" name work url job
    name=$(basename "$input" .mp4)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' RETURN
    call "$work/up" -H "X-Api-Key: $API_KEY" -F "file=@$input;type=video/mp4" \
        "$BASE_URL/v1/uploads" || return
    url=$(field video_url "$work/up")
    call "$work/job" -H "X-Api-Key: $API_KEY" -H 'Content-Type: application/json' \
        -d "{\"video_url\": \"$url\", \"output_format\": \"webm\", \"bg_type\": \"transparent\"}" \
        "$BASE_URL/v1/jobs" || return
    job=$(field id "$work/job")
    while :; do
        sleep "$POLL"
        call "$work/look" -H "X-Api-Key: $API_KEY" "$BASE_URL/v1/jobs/$job" || return
        case "$(field status "$work/look")" in
            completed) break ;;
            failed) echo "failed: $input" >>"$OUT/errors.log"; return ;;
        esac
    done
    call "$work/out" "$(field output_url "$work/look")" && mv "$work/out" "$OUT/$name-nobg.webm"
}
export -f call field one

mkdir -p "$OUT"
find "$1" -name '*.mp4' -print0 | sort -z | xargs -0 -P 8 -I{} bash -c 'one "$1"' _ {}
