import type { Stage } from '../definition/stage/stage.js';

/** What `run.sh` of a job is made from. Variables that are secret are in none of it. */
export interface RunScript {
  readonly id: string;
  readonly stage: Stage;
  /** Variables of the environment to set, whoever starts it. */
  readonly variables: Readonly<Record<string, string>>;
  /** A folder with the `ocrpipe` that submits the job; used where it is there. */
  readonly bin: string;
  /** Names of variables whose values are taken out of what is printed. */
  readonly secrets: readonly string[];
}

/**
 * The script that runs a job, in POSIX shell with what every node has, so that a person, a cluster or a container can start it: `sh
 * run.sh [ATTEMPT]`. It runs the commands in the workspace that its folder lies in. An attempt with a number runs once, writes what is
 * printed to `attempt-N/log`, the SHA-256 of every file it made to `outputs.sha256`, and last, by a rename, `result.json`; ended by
 * SIGTERM, or once somebody wrote `revoked`, it leaves no result.
 */
export function runScript({ id, stage, variables, bin, secrets }: RunScript): string {
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const commands = stage.run.map((line, index) => `run ${index} ${quoted(line)}`);
  const outs = stage.outs.map(({ path }) => quoted(`./${path}`));
  return [
    `#!/bin/sh`,
    `# The job ${id} of ocrpipe: what it reads, runs and makes is in job.json beside this file.`,
    `# By hand: sh run.sh. It writes to the outputs in the workspace, and what it prints comes to the terminal.`,
    `wdir=${quoted(stage.wdir)}`,
    `bin=${quoted(bin)}`,
    `secrets=${quoted(secrets.join(' '))}`,
    HEAD,
    `export OCRPIPE_STAGE=${quoted(stage.name)} OCRPIPE_ROOT="$root"`,
    ...exports,
    BEFORE,
    commands.join(' &&\n'),
    `code=$?`,
    `[ "$code" != 0 ] || hash_outputs ${outs.join(' ')}`,
    AFTER,
    '',
  ].join('\n');
}

/** One word of a shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const HEAD = `attempt=\${1:-by-hand}
job=$(cd "$(dirname "$0")" && pwd) || exit 70
root=$(cd "$job/../../.." && pwd) || exit 70
here=$job/attempt-$attempt
[ "$attempt" != by-hand ] || rm -rf "$here"
mkdir -p "$here" || exit 70
# A cluster that starts a job again by itself would mix what two attempts write.
mkdir "$here/started" 2>/dev/null || { : >"$here/restarted"; exit 75; }
uname -n >"$here/started/host"
filter=
if [ "$attempt" != by-hand ] && [ -n "$secrets" ]; then
  # What is printed comes to the log by way of one who takes secrets out of it.
  pipe=$(mktemp -u) && mkfifo -m 600 "$pipe" || exit 70
  OCRPIPE_ENCODED=$(for name in $secrets; do
    eval "printf %s \\"\\$$name\\"" | base64 2>/dev/null | tr -d '\\n='
    echo
  done) awk -v names="$secrets" '
    # A short line of several says nothing by itself.
    function add(text, shortest) { if (length(text) >= shortest) values[++count] = text }
    BEGIN {
      many = split(names, name, " ")
      for (i = 1; i <= many; i++) {
        lines = split(ENVIRON[name[i]], line, "\\n")
        for (j = 1; j <= lines; j++) add(line[j], lines > 1 ? 8 : 1)
      }
      lines = split(ENVIRON["OCRPIPE_ENCODED"], line, "\\n")
      for (j = 1; j <= lines; j++) add(line[j], 4)
      # The longest first: a value may hold another one.
      for (i = 2; i <= count; i++) {
        for (j = i; j > 1 && length(values[j]) > length(values[j - 1]); j--) {
          value = values[j]; values[j] = values[j - 1]; values[j - 1] = value
        }
      }
    }
    {
      rest = $0
      for (i = 1; i <= count; i++) {
        value = values[i]
        done = ""
        while ((at = index(rest, value)) > 0) {
          done = done substr(rest, 1, at - 1) "***"
          rest = substr(rest, at + length(value))
        }
        rest = done rest
      }
      print rest
      fflush()
    }' <"$pipe" >>"$here/log" &
  filter=$!
  exec >"$pipe" 2>&1
  rm -f "$pipe"
elif [ "$attempt" != by-hand ]; then
  exec >>"$here/log" 2>&1
fi
exec </dev/null`;

const BEFORE = `[ ! -x "$bin/ocrpipe" ] || PATH=$bin:$PATH
stopped= child= watcher= last=0
stop() { stopped=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null; }
trap stop TERM INT
run() {
  last=$1
  /bin/sh -c "$2" &
  child=$!
  wait "$child"
  status=$?
  # A signal ends the waiting, not the command.
  while [ -n "$stopped" ] && kill -0 "$child" 2>/dev/null; do wait "$child"; done
  [ -z "$stopped" ] || leave 75
  return "$status"
}
hash_outputs() {
  command -v sha256sum >/dev/null 2>&1 || return 0
  for out in "$@"; do
    (cd "$root" && [ ! -e "$out" ] || find -H "$out" -type f -exec sha256sum {} +)
  done >"$here/outputs.tmp" && mv "$here/outputs.tmp" "$here/outputs.sha256"
}
leave() {
  [ -z "$watcher" ] || kill -HUP "$watcher" 2>/dev/null
  exit "$1"
}
# A node that lost touch with its cluster may still run what has been started elsewhere since.
group=$(sed 's/.*) //' /proc/$$/stat 2>/dev/null | cut -d' ' -f3)
watch_revoked() {
  nap=
  trap '' TERM
  # A cluster calls a job running as long as anything of it is there.
  trap '[ -z "$nap" ] || kill "$nap"; exit' HUP
  # Whoever reads what is printed is not to wait for this.
  exec >/dev/null 2>&1
  while :; do
    (trap - TERM HUP; exec sleep 5) &
    nap=$!
    wait "$nap" || exit
    [ -e "$here/revoked" ] || continue
    if [ "$group" = $$ ]; then kill -TERM -$$; sleep 10; kill -KILL -$$; else kill -TERM $$; fi
    exit
  done
}
if [ "$attempt" != by-hand ]; then watch_revoked & watcher=$!; fi
cd "$root/$wdir" &&`;

const AFTER = `[ -z "$stopped" ] || leave 75
# The log is whole before the result is there.
exec >/dev/null 2>&1
[ -z "$filter" ] || wait "$filter"
printf '{"version":1,"attempt":"%s","command":%s,"code":%s}\\n' "$attempt" "$last" "$code" >"$here/result.tmp" &&
  mv "$here/result.tmp" "$here/result.json"
leave "$code"`;
