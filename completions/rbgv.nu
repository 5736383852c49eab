# Completion of rbgv in Nushell: `source` this file in config.nu. Other commands keep the completer they had.
let rbgv_other_completer = $env.config.completions.external?.completer?
$env.config.completions.external.enable = true
$env.config.completions.external.completer = {|spans|
    if ($spans | first) == "rbgv" {
        # The format for fish: a value, a tab, a description.
        let found = with-env {COMPLETE: fish} { ^rbgv -- ...$spans } | lines
        if ($found | is-empty) { null } else {
            $found | each {|line| $line | split column --number 2 "\t" value description | first }
        }
    } else if $rbgv_other_completer != null {
        do $rbgv_other_completer $spans
    }
}
