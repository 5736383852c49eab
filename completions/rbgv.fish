complete --keep-order --exclusive --command rbgv --arguments "(COMPLETE=fish rbgv -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
