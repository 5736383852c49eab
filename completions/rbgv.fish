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
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "usage" -d 'Show the credits that were used'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "sandbox" -d 'Run a local server that speaks the same API'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "config" -d 'Look at the configuration'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "profile" -d 'Look at the profiles'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "man" -d 'Print the manual page, or write all of them to a directory'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "model" -d 'Models for the sandbox that are fetched, and not shipped'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l from-file -d 'Read further inputs from a file, one a line' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l include -d 'Of directories, take only files that match this glob; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l exclude -d 'Of directories, leave out files that match this glob; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s o -l output -d 'Where outputs go: a directory, a file for one input, or - for standard output' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l name -d 'How outputs are called, made of {stem} {ext} {model} {format}' -r
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
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l in-flight -d 'Most jobs at the service at once [default: what is learned of the key, within the profile]' -r
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
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l extract -d 'Unpack archives of pictures into a directory beside each'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l in-flight -d 'Most jobs at the service at once [default: what is learned of the key, within the profile]' -r
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
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l events -d 'Show recent events too'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l sandbox -d 'Use a server inside this process: no account, no cost'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l listen -d 'Where the API answers; port 0 takes any that is free' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l cdn-listen -d 'Where outputs are downloaded' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l state -d 'Keep jobs, files and credits here, over restarts' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l scenario -d 'Faults, limits and behaviours' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l fault -d 'One fault, such as "POST /v1/jobs nth=2 reset=after"; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l timer -d 'In place of removing backgrounds, let a clock run: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8' -r
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
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "show" -d 'Print every effective value and where it came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print every effective value and where it came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l profile -d 'Which profile of the configuration to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l config -d 'Read this configuration file in place of the user\'s [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal that can, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l log-file -d 'Add a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l log-format -d 'How the log file is written' -r -f -a "text\t'For people'
json\t'One object a line (`docs/json.md`)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l json -d 'Print results as JSON: one document, or one object a line where results stream'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -s q -l quiet -d 'Print only results and what needs attention'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -s v -l verbose -d 'Say more; twice for debugging'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l no-progress -d 'Draw no bars, even on a terminal'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -l yes -d 'Answer every question with yes'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'List the profiles, their services and where their keys come from'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the profiles, their services and where their keys come from'
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
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list help" -f -a "install" -d 'Fetch Robust Video Matting for the models human and pro: shows its licence (GPL-3.0) and checks its hash'
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
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "install" -d 'Fetch Robust Video Matting for the models human and pro: shows its licence (GPL-3.0) and checks its hash'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "list" -d 'Say which are there'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "run" -d 'Remove the background of videos'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "upload" -d 'Upload videos and print their addresses, one a line'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "status" -d 'Show batches and jobs'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "fetch" -d 'Download the outputs of jobs, verified and resumable'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "resume" -d 'Go on with a batch that was interrupted, paused, or ran out of credits'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "usage" -d 'Show the credits that were used'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "sandbox" -d 'Run a local server that speaks the same API'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "config" -d 'Look at the configuration'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "profile" -d 'Look at the profiles'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "man" -d 'Print the manual page, or write all of them to a directory'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "model" -d 'Models for the sandbox that are fetched, and not shipped'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and not __fish_seen_subcommand_from run upload status fetch resume usage sandbox config profile completions man model help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print every effective value and where it came from; keys as fingerprints'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "list" -d 'List the profiles, their services and where their keys come from'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "install" -d 'Fetch Robust Video Matting for the models human and pro: shows its licence (GPL-3.0) and checks its hash'
complete -c rbgv -n "__fish_rbgv_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "list" -d 'Say which are there'
