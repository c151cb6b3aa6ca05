/** Flags that people bring along from git, by command, and what to do instead. */
const HABITS: readonly { command: string; flags: RegExp; instead: string }[] = [
  {
    command: 'commit',
    flags: /^(?:-[am]+|--message|--all|--amend)$/,
    instead: "'ocrpipe commit' records data in pointers; those are committed by 'git commit -m MESSAGE'.",
  },
  {
    command: 'add',
    flags: /^(?:-[Aun]|--all|--update)$/,
    instead: "'ocrpipe add' takes the paths to track; 'ocrpipe commit' records everything that changed.",
  },
  {
    command: 'rm',
    flags: /^--cached$/,
    instead: "'ocrpipe rm' leaves the files where they are anyway; --delete removes them.",
  },
  {
    command: 'checkout',
    flags: /^(?:-[bB]|--orphan)$/,
    instead: "Branches are git's: 'git checkout -b NAME', then 'ocrpipe checkout' for the data.",
  },
  {
    command: 'push',
    flags: /^(?:-u|--set-upstream|--tags)$/,
    instead: "'ocrpipe push' sends data only; branches and tags are sent by 'git push'.",
  },
  {
    command: 'pull',
    flags: /^(?:--rebase|--ff-only|--no-rebase)$/,
    instead: "'ocrpipe pull' gets data only; commits are got by 'git pull'.",
  },
];

/** What somebody who types this flag of git wants; undefined if it is none. */
export function gitHabit(command: string, flag: string): string | undefined {
  return HABITS.find((habit) => habit.command === command && habit.flags.test(flag))?.instead;
}
