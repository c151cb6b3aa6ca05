/** Shells that have a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** What a shell reads once: it asks ocrpipe at each press of the key, so that it never is of an older version. */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  // Bash takes what stands between '@', '=' and ':' for words of their own: they are joined again, and only what is behind is given back.
  bash: `_ocrpipe() {
  local rest=\${COMP_LINE:0:COMP_POINT} word= cut= mark begin each at
  local -a words
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $at -gt 0 && -n $rest && $rest != [[:space:]]* ]]; then
      words[\${#words[@]}-1]+=$word
    else
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      words+=("$word")
    fi
    rest=\${rest#"$word"}
  done
  word=\${words[\${#words[@]}-1]//\\\\/}
  words[\${#words[@]}-1]=$word
  for mark in @ = :; do
    begin=\${word%"\${word##*"$mark"}"}
    # Bash leaves the '@' itself to be written again.
    begin=\${begin%@}
    if [[ $COMP_WORDBREAKS == *"$mark"* && \${#begin} -gt \${#cut} ]]; then cut=$begin; fi
  done
  COMPREPLY=()
  while IFS= read -r each; do
    COMPREPLY+=("$(printf %q "\${each#"$cut"}")")
  done < <(ocrpipe __complete -- "\${words[@]:1}" 2>/dev/null)
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    compopt -o default 2>/dev/null
  elif [ \${#COMPREPLY[@]} -eq 1 ] && [ "\${COMPREPLY[0]: -1}" = / ]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _ocrpipe ocrpipe`,
  zsh: `#compdef ocrpipe
_ocrpipe() {
  local -a found
  found=("\${(@f)$(ocrpipe __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then
    compadd -S '' -- \${(M)found:#*/}
    compadd -- \${found:#*/}
  else
    _files
  fi
}
compdef _ocrpipe ocrpipe`,
  fish: `function __ocrpipe_complete
  set -l found (ocrpipe __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c ocrpipe -f -a '(__ocrpipe_complete)'`,
};
