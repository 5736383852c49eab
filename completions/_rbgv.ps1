
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rbgv' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rbgv'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'rbgv' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Remove the background of videos')
            [CompletionResult]::new('upload', 'upload', [CompletionResultType]::ParameterValue, 'Upload videos and print their addresses, one a line')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show batches and jobs')
            [CompletionResult]::new('fetch', 'fetch', [CompletionResultType]::ParameterValue, 'Download the outputs of jobs, verified and resumable')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Go on with a batch that was interrupted, paused, or ran out of credits')
            [CompletionResult]::new('usage', 'usage', [CompletionResultType]::ParameterValue, 'Show the credits that were used, and audit them')
            [CompletionResult]::new('smoke-test', 'smoke-test', [CompletionResultType]::ParameterValue, 'Check that service, key and configuration work together')
            [CompletionResult]::new('listen', 'listen', [CompletionResultType]::ParameterValue, 'Receive webhooks: verify, settle jobs, hand on')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'List, make and switch off API keys, with an admin token')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Tell what happened to a job, step by step')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain an exit code, error code or status')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find out what is wrong, and how to mend it')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Run a local server that speaks the same API')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Look at the configuration, confirm a project''s')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Look at the profiles, add one, check one, change its key')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all of them to a directory')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Models for the sandbox that are fetched, and not shipped')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;run' {
            [CompletionResult]::new('--from-file', '--from-file', [CompletionResultType]::ParameterName, 'Read further inputs from a file, one a line')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Of directories, take only files that match this glob; may be repeated')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Of directories, leave out files and directories that match this glob; may be repeated')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where outputs go: a directory, a file for one input, or - for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where outputs go: a directory, a file for one input, or - for standard output')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'How outputs are called, made of {stem} {ending} {folder} {ext} {model} {format}')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Which model works on the video [default: original]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'File format of the output [default: webm]')
            [CompletionResult]::new('--background', '--background', [CompletionResultType]::ParameterName, 'What stands behind the subject: transparent, a colour (green, white, #rrggbb), or a picture (a file, or an http address) [default: transparent]')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'What to keep, in short noun phrases separated by commas; only with --model pro')
            [CompletionResult]::new('--canvas', '--canvas', [CompletionResultType]::ParameterName, 'Size of the output in pixels')
            [CompletionResult]::new('--anchor', '--anchor', [CompletionResultType]::ParameterName, 'Where the subject stands on the canvas: center, top-left, bottom-center ...')
            [CompletionResult]::new('--scale', '--scale', [CompletionResultType]::ParameterName, 'Size factor of the subject')
            [CompletionResult]::new('--offset', '--offset', [CompletionResultType]::ParameterName, 'Shift of the subject in pixels, right and down')
            [CompletionResult]::new('--composition', '--composition', [CompletionResultType]::ParameterName, 'A composition in the service''s own form, in place of the four above')
            [CompletionResult]::new('--webhook-url', '--webhook-url', [CompletionResultType]::ParameterName, 'Where the service sends its events')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'A word of your own, kept with the job and in the ledger; may be repeated')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'A field of the job request that this version does not know, as JSON; may be repeated')
            [CompletionResult]::new('--in-flight', '--in-flight', [CompletionResultType]::ParameterName, 'Most jobs at the service at once, of each key while two are in use [default: what is learned of the key, within the profile]')
            [CompletionResult]::new('--max-credits', '--max-credits', [CompletionResultType]::ParameterName, 'Start nothing that would pass this number of credits')
            [CompletionResult]::new('--retry-failed', '--retry-failed', [CompletionResultType]::ParameterName, 'Make up to N new attempts for a job that failed; each may be billed')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'Entries of lists end with NUL, as `find -print0` writes them')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Entries of lists end with NUL, as `find -print0` writes them')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Go into directories below directories')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Go into directories below directories')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'Replace files that are in the way')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Begin nothing more after the first failure')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use a server inside this process that really removes backgrounds: no account, no cost')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be sent, and the price; send and spend nothing')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Start the jobs and print their ids, without waiting')
            [CompletionResult]::new('--draft', '--draft', [CompletionResultType]::ParameterName, 'Make drafts, which cost nothing until they are started')
            [CompletionResult]::new('--again', '--again', [CompletionResultType]::ParameterName, 'Make a new, billed attempt at inputs that are done already')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on taking new files of the directories as they are finished, until stopped')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;upload' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--again', '--again', [CompletionResultType]::ParameterName, 'Send the bytes even if the service has them')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use a server inside this process: no account, no cost')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;status' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most lines of each list')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Follow the jobs to their end; without ids, every job of the ledger that is under way')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'List the key''s jobs at the service, whoever made them')
            [CompletionResult]::new('--failed', '--failed', [CompletionResultType]::ParameterName, 'List what failed or needs review')
            [CompletionResult]::new('--limits', '--limits', [CompletionResultType]::ParameterName, 'Show what is known of the key''s limits: rates, jobs in flight, refusals, pauses')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;fetch' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'A directory, or a file for one job; otherwise where the job''s own run wanted it')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'A directory, or a file for one job; otherwise where the job''s own run wanted it')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Everything of this key that is started or completed and not fetched yet')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'Replace files that are in the way')
            [CompletionResult]::new('--extract', '--extract', [CompletionResultType]::ParameterName, 'Unpack archives of pictures into a directory beside each; into one that exists with --overwrite')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;resume' {
            [CompletionResult]::new('--in-flight', '--in-flight', [CompletionResultType]::ParameterName, 'Most jobs at the service at once, of each key while two are in use [default: what is learned of the key, within the profile]')
            [CompletionResult]::new('--max-credits', '--max-credits', [CompletionResultType]::ParameterName, 'Start nothing that would pass this number of credits')
            [CompletionResult]::new('--retry-failed', '--retry-failed', [CompletionResultType]::ParameterName, 'Make up to N new attempts for a job that failed; each may be billed')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End the run after this time, such as 90s, 10m or 2h; what is under way can be resumed')
            [CompletionResult]::new('--job', '--job', [CompletionResultType]::ParameterName, 'Accept or abandon only this job; may be repeated')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'Replace files that are in the way')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Begin nothing more after the first failure')
            [CompletionResult]::new('--take-over', '--take-over', [CompletionResultType]::ParameterName, 'Take work away from a process that is stopped but alive. Make sure that it is not running')
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'For jobs that need review: you have looked, and the job runs (or none was made); go on')
            [CompletionResult]::new('--abandon', '--abandon', [CompletionResultType]::ParameterName, 'For jobs that need review or are not visible any more: give them up')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;usage' {
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Of the last N days')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most events')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Group what the ledger knows; every profile for `profile`, otherwise the one in use')
            [CompletionResult]::new('--lag', '--lag', [CompletionResultType]::ParameterName, 'How long charges may take to show: look again for so long before calling one missing')
            [CompletionResult]::new('--budget', '--budget', [CompletionResultType]::ParameterName, 'End with 10 if more credits than this were used in the period')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Show recent events too')
            [CompletionResult]::new('--reconcile', '--reconcile', [CompletionResultType]::ParameterName, 'Compare every charge with the ledger and name every difference; ends with 11 if there is one')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'End with 11 also when not everything could be compared')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Print records for a spreadsheet')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use a server inside this process: no account, no cost')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;smoke-test' {
            [CompletionResult]::new('--budget', '--budget', [CompletionResultType]::ParameterName, 'Run the stages that start jobs too, and spend at most this number of credits, by estimate')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only this stage, or group of stages (free, paid, failures); may be repeated')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Not this stage, or group of stages; may be repeated')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Which model works on the clips [default: the profile''s]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'File format of the outputs; the alpha of webp, gif and `png_sequence` is measured [default: webp; for --suite the profile''s]')
            [CompletionResult]::new('--suite', '--suite', [CompletionResultType]::ParameterName, 'In place of the built-in clip, take the videos of this directory, and report each')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Keep outputs here')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Keep outputs here')
            [CompletionResult]::new('--no-credits-profile', '--no-credits-profile', [CompletionResultType]::ParameterName, 'A profile whose key has no credits, for the stage no-credits')
            [CompletionResult]::new('--burst', '--burst', [CompletionResultType]::ParameterName, 'Send so many calls at once, to see that refusals (429) are waited out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End the jobs after this time; what is under way can be resumed')
            [CompletionResult]::new('--junit', '--junit', [CompletionResultType]::ParameterName, 'Write the result as JUnit XML; the file is emptied first')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use a server inside this process: no account, no cost')
            [CompletionResult]::new('--rehearse', '--rehearse', [CompletionResultType]::ParameterName, 'Try the profile''s limits, waits and retries against a sandbox that makes trouble; nothing is sent to the service')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;listen' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where to receive; the service, or a proxy of yours, has to reach it')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep every delivery in this file, before it is answered; it holds links that open outputs')
            [CompletionResult]::new('--secret-file', '--secret-file', [CompletionResultType]::ParameterName, 'Read the signing secret from this file')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How old a webhook may be')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this for each webhook, by sh -c: its body on standard input, RBGV_EVENT, RBGV_JOB, RBGV_STATUS and RBGV_DELIVERY beside it (in quotes: "$RBGV_JOB")')
            [CompletionResult]::new('--forward', '--forward', [CompletionResultType]::ParameterName, 'Send each webhook on to this address, with headers and body as they came')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--forward-anywhere', '--forward-anywhere', [CompletionResultType]::ParameterName, 'Let --forward lead to another machine; webhooks hold links that open outputs')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Explain why the signature of a webhook is refused')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;listen;verify' {
            [CompletionResult]::new('--headers', '--headers', [CompletionResultType]::ParameterName, 'Headers as lines of NAME: VALUE, such as curl or a proxy''s log writes them')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'The body, byte for byte as it came')
            [CompletionResult]::new('--secret-file', '--secret-file', [CompletionResultType]::ParameterName, 'Read the signing secret from this file')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How old a webhook may be')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;listen;help' {
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Explain why the signature of a webhook is refused')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;listen;help;verify' {
            break
        }
        'rbgv;listen;help;help' {
            break
        }
        'rbgv;keys' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a key. It is shown this once')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Switch a key off')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Switch a key on again')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;keys;list' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;keys;create' {
            [CompletionResult]::new('--note', '--note', [CompletionResultType]::ParameterName, 'A word about it')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Write the key to this new file, which only you can read, and print nothing of it')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;keys;disable' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;keys;enable' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;keys;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a key. It is shown this once')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Switch a key off')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Switch a key on again')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;keys;help;list' {
            break
        }
        'rbgv;keys;help;create' {
            break
        }
        'rbgv;keys;help;disable' {
            break
        }
        'rbgv;keys;help;enable' {
            break
        }
        'rbgv;keys;help;help' {
            break
        }
        'rbgv;logs' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most attempts')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;explain' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;doctor' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Ask nothing of the network')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;sandbox' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where the API answers; port 0 takes any that is free')
            [CompletionResult]::new('--cdn-listen', '--cdn-listen', [CompletionResultType]::ParameterName, 'Where outputs are downloaded; by default any free port of the address of --listen')
            [CompletionResult]::new('--public-host', '--public-host', [CompletionResultType]::ParameterName, 'Also answer under this name, and put it into links: how other machines or containers reach this one')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep jobs, files and credits here, over restarts; a new or empty directory')
            [CompletionResult]::new('--scenario', '--scenario', [CompletionResultType]::ParameterName, 'Faults, limits and behaviours')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'One fault, such as "POST /v1/jobs nth=2 reset=after"; may be repeated')
            [CompletionResult]::new('--timer', '--timer', [CompletionResultType]::ParameterName, 'In place of removing backgrounds, let a clock run: 2s, 5s..15s, exponential:5s, lognormal:5s,0.8, or length:0.5 for half of the video''s length')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key that is taken [default: a random one]')
            [CompletionResult]::new('--credits', '--credits', [CompletionResultType]::ParameterName, 'Credits of the key')
            [CompletionResult]::new('--workers', '--workers', [CompletionResultType]::ParameterName, 'Jobs that run at the same time')
            [CompletionResult]::new('--webhook-secret', '--webhook-secret', [CompletionResultType]::ParameterName, 'Sign webhooks with this secret')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--allow-private-fetch', '--allow-private-fetch', [CompletionResultType]::ParameterName, 'Take addresses of this machine and of private networks as inputs')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;config' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every effective value and where it came from; keys as fingerprints')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Confirm the rbgv.toml that applies in this directory, as it is now')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;config;show' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;config;trust' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;config;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every effective value and where it came from; keys as fingerprints')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Confirm the rbgv.toml that applies in this directory, as it is now')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;config;help;show' {
            break
        }
        'rbgv;config;help;trust' {
            break
        }
        'rbgv;config;help;help' {
            break
        }
        'rbgv;profile' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the profiles, their services and where their keys come from')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the values of a profile and where each came from; keys as fingerprints')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a profile to your configuration file')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Try a profile by calls that cost nothing, and say what they see')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Replace the key of a profile, step by step')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;profile;list' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;profile;show' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;profile;add' {
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Where the API is [default: the vendor''s address]')
            [CompletionResult]::new('--environment', '--environment', [CompletionResultType]::ParameterName, 'What it is for: dev, staging or prod, which says so before every write')
            [CompletionResult]::new('--key-env', '--key-env', [CompletionResultType]::ParameterName, 'The key is in this variable')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'The key is in this file, alone')
            [CompletionResult]::new('--key-command', '--key-command', [CompletionResultType]::ParameterName, 'This command prints the key')
            [CompletionResult]::new('--key-keyring', '--key-keyring', [CompletionResultType]::ParameterName, 'The key is in the system''s keyring, as USER or SERVICE/USER (needs the feature keyring)')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--default', '--default', [CompletionResultType]::ParameterName, 'Use this profile when nothing names one')
            [CompletionResult]::new('--key-stdin', '--key-stdin', [CompletionResultType]::ParameterName, 'Read the key from standard input, and keep it in a file beside the configuration that only you can read')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;profile;check' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;profile;rotate' {
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'Period of the figures, in days')
            [CompletionResult]::new('--key-env', '--key-env', [CompletionResultType]::ParameterName, 'The key is in this variable')
            [CompletionResult]::new('--key-file', '--key-file', [CompletionResultType]::ParameterName, 'The key is in this file, alone')
            [CompletionResult]::new('--key-command', '--key-command', [CompletionResultType]::ParameterName, 'This command prints the key')
            [CompletionResult]::new('--key-keyring', '--key-keyring', [CompletionResultType]::ParameterName, 'The key is in the system''s keyring, as USER or SERVICE/USER (needs the feature keyring)')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--begin', '--begin', [CompletionResultType]::ParameterName, 'Name the new key, by one of the --key flags')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Show errors and usage of both keys side by side')
            [CompletionResult]::new('--finish', '--finish', [CompletionResultType]::ParameterName, 'Make the new key the only one; refused while a job needs the old one')
            [CompletionResult]::new('--abort', '--abort', [CompletionResultType]::ParameterName, 'Keep the old key and forget the new one; refused while a job needs the new one')
            [CompletionResult]::new('--key-stdin', '--key-stdin', [CompletionResultType]::ParameterName, 'Read the key from standard input, and keep it in a file beside the configuration that only you can read')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;profile;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the profiles, their services and where their keys come from')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the values of a profile and where each came from; keys as fingerprints')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a profile to your configuration file')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Try a profile by calls that cost nothing, and say what they see')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Replace the key of a profile, step by step')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;profile;help;list' {
            break
        }
        'rbgv;profile;help;show' {
            break
        }
        'rbgv;profile;help;add' {
            break
        }
        'rbgv;profile;help;check' {
            break
        }
        'rbgv;profile;help;rotate' {
            break
        }
        'rbgv;profile;help;help' {
            break
        }
        'rbgv;completions' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;man' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write a page for each command here')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;model' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Say which are there')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;model;install' {
            [CompletionResult]::new('--python', '--python', [CompletionResultType]::ParameterName, 'The Python whose pip fetches it')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;model;list' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which profile of the configuration to use [env: RBGV_PROFILE]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file in place of the user''s [env: RBGV_CONFIG]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--log-file', '--log-file', [CompletionResultType]::ParameterName, 'Add a log to this file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How the log file is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON: one document, or one object a line where results stream')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only results and what needs attention')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; twice for debugging')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Draw no bars, even on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer every question with yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'rbgv;model;help' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Say which are there')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;model;help;install' {
            break
        }
        'rbgv;model;help;list' {
            break
        }
        'rbgv;model;help;help' {
            break
        }
        'rbgv;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Remove the background of videos')
            [CompletionResult]::new('upload', 'upload', [CompletionResultType]::ParameterValue, 'Upload videos and print their addresses, one a line')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show batches and jobs')
            [CompletionResult]::new('fetch', 'fetch', [CompletionResultType]::ParameterValue, 'Download the outputs of jobs, verified and resumable')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Go on with a batch that was interrupted, paused, or ran out of credits')
            [CompletionResult]::new('usage', 'usage', [CompletionResultType]::ParameterValue, 'Show the credits that were used, and audit them')
            [CompletionResult]::new('smoke-test', 'smoke-test', [CompletionResultType]::ParameterValue, 'Check that service, key and configuration work together')
            [CompletionResult]::new('listen', 'listen', [CompletionResultType]::ParameterValue, 'Receive webhooks: verify, settle jobs, hand on')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'List, make and switch off API keys, with an admin token')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Tell what happened to a job, step by step')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain an exit code, error code or status')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find out what is wrong, and how to mend it')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Run a local server that speaks the same API')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Look at the configuration, confirm a project''s')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Look at the profiles, add one, check one, change its key')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all of them to a directory')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Models for the sandbox that are fetched, and not shipped')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rbgv;help;run' {
            break
        }
        'rbgv;help;upload' {
            break
        }
        'rbgv;help;status' {
            break
        }
        'rbgv;help;fetch' {
            break
        }
        'rbgv;help;resume' {
            break
        }
        'rbgv;help;usage' {
            break
        }
        'rbgv;help;smoke-test' {
            break
        }
        'rbgv;help;listen' {
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Explain why the signature of a webhook is refused')
            break
        }
        'rbgv;help;listen;verify' {
            break
        }
        'rbgv;help;keys' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a key. It is shown this once')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Switch a key off')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Switch a key on again')
            break
        }
        'rbgv;help;keys;list' {
            break
        }
        'rbgv;help;keys;create' {
            break
        }
        'rbgv;help;keys;disable' {
            break
        }
        'rbgv;help;keys;enable' {
            break
        }
        'rbgv;help;logs' {
            break
        }
        'rbgv;help;explain' {
            break
        }
        'rbgv;help;doctor' {
            break
        }
        'rbgv;help;sandbox' {
            break
        }
        'rbgv;help;config' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every effective value and where it came from; keys as fingerprints')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Confirm the rbgv.toml that applies in this directory, as it is now')
            break
        }
        'rbgv;help;config;show' {
            break
        }
        'rbgv;help;config;trust' {
            break
        }
        'rbgv;help;profile' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the profiles, their services and where their keys come from')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the values of a profile and where each came from; keys as fingerprints')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a profile to your configuration file')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Try a profile by calls that cost nothing, and say what they see')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Replace the key of a profile, step by step')
            break
        }
        'rbgv;help;profile;list' {
            break
        }
        'rbgv;help;profile;show' {
            break
        }
        'rbgv;help;profile;add' {
            break
        }
        'rbgv;help;profile;check' {
            break
        }
        'rbgv;help;profile;rotate' {
            break
        }
        'rbgv;help;completions' {
            break
        }
        'rbgv;help;man' {
            break
        }
        'rbgv;help;model' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Fetch Robust Video Matting for all models of the sandbox: shows its licence (GPL-3.0) and checks its hash')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Say which are there')
            break
        }
        'rbgv;help;model;install' {
            break
        }
        'rbgv;help;model;list' {
            break
        }
        'rbgv;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
