# What zsh offers for a line: zsh-capture.zsh SCRIPT LINE. An interactive zsh of its own completes the line, and tells each
# match as it is added.
zmodload zsh/zpty
zpty shell zsh -f -i

say() {
  zpty -w shell "$1; print 'DO''NE'"
  zpty -r -m shell output $'*\nDONE*' || exit 1
}

say 'PROMPT=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D'
say "source $1"
say 'zstyle ":completion:*" insert-tab false; zstyle ":completion:*" list-separator ""'
say 'compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits; builtin compadd -A hits "$@"; (( $#hits )) && print -rl -- "HIT:"$^hits
}'
say 'finished() { print; print "EN""D" }; capture() { _main_complete; finished }; zle -C capture complete-word capture; bindkey "^I" capture'
zpty -w -n shell "$2"$'\t'
zpty -r -m shell output $'*\nEND*' || exit 1
zpty -d shell
print -rl -- ${${(M)${(f)${output//$'\r'/}}:#*HIT:*}#*HIT:}
