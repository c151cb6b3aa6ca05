/** Shells that have a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/** What a shell reads once: it asks ocrpipe at each press of the key, so that it never is of an older version. */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_ocrpipe() {
  local IFS=$'\\n'
  COMPREPLY=($(ocrpipe __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
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
  found=("\${(@f)$(ocrpipe __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then
    compadd -- $found
  else
    _files
  fi
}
compdef _ocrpipe ocrpipe`,
  fish: `complete -c ocrpipe -a '(ocrpipe __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
};
