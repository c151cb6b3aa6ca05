// `npm run docs`: writes docs/commands.md from the manifest of the command line, and schemas/ from the schema that pipelines are
// checked with; with --check it only says whether they are what the code says (exit code 1 if not).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { editorSchema } from '../.cache/modules/pipeline/definition/schema/editor-schema.js';
import { flagUsage, usageLine } from '../.cache/modules/cli/usage.js';
import { readJson, root } from './setup.mjs';

const { commands } = readJson(join(root, 'oclif.manifest.json'));
const written = {
  'docs/commands.md': page(),
  'schemas/pipeline.schema.json': `${JSON.stringify(editorSchema(), null, 2)}\n`,
};

for (const [name, text] of Object.entries(written)) {
  const file = join(root, name);
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is not what the code says; write it with 'npm run docs'`);
    process.exitCode = 1;
  }
}

function page() {
  const all = Object.values(commands)
    .filter(({ hidden }) => !hidden)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const list = all.map(
    (command) => `| [${nameOf(command)}](#${anchor(command)}) | ${plain(command.summary)} |`,
  );
  return [
    '# Commands',
    'Written by `npm run docs` from the commands themselves; `ocrpipe COMMAND --help` says the same on a terminal. Every command also has the [global flags](#global-flags).',
    ['| command | what it does |', '| --- | --- |', ...list].join('\n'),
    ...all.map(section),
    globalFlags(all[0]),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function section(command) {
  const { args = {}, flags, description, examples = [], summary } = command;
  const own = Object.values(flags).filter(({ helpGroup, hidden }) => helpGroup !== 'GLOBAL' && !hidden);
  return [
    `## ocrpipe ${nameOf(command)}`,
    plain(summary),
    ...(description ? [plain(description)] : []),
    ['```', usageLine(command), '```'].join('\n'),
    ...(Object.keys(args).length > 0 ? [argumentTable(Object.values(args))] : []),
    ...(own.length > 0 ? [flagTable(own)] : []),
    ['```', ...examples.map(exampleText), '```'].join('\n'),
  ].join('\n\n');
}

function argumentTable(args) {
  const rows = args.map(({ name, description, default: value }) => {
    return `| \`${name.toUpperCase()}\` | ${cell(description)}${defaultText(value)} |`;
  });
  return ['| argument | |', '| --- | --- |', ...rows].join('\n');
}

function flagTable(flags) {
  const rows = flags
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => {
      const { char, summary, description, options, default: value, multiple } = flag;
      const choice = options ? ` One of: ${options.map((option) => `\`${option}\``).join(', ')}.` : '';
      const repeated = multiple ? ' May be given more than once.' : '';
      const label = `${char ? `-${char}, ` : ''}${flagUsage(flag)}`;
      return `| \`${label}\` | ${cell(summary ?? description)}${choice}${repeated}${defaultText(value)} |`;
    });
  return ['| flag | |', '| --- | --- |', ...rows].join('\n');
}

function globalFlags(command) {
  const flags = Object.values(command.flags).filter(({ helpGroup }) => helpGroup === 'GLOBAL');
  return ['## Global flags', flagTable(flags)].join('\n\n');
}

function nameOf({ id }) {
  return id.split(':').join(' ');
}

function anchor(command) {
  return `ocrpipe-${nameOf(command).replace(/ /g, '-')}`;
}

function plain(text = '') {
  return text.replace(/<%= *config\.bin *%>/g, 'ocrpipe').trim();
}

/** A sentence that fits in a table. */
function cell(text = '') {
  const line = plain(text)
    .replace(/\|/g, '\\|')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/([^.:!?])$/, '$1.');
  return line.charAt(0).toUpperCase() + line.slice(1);
}

function defaultText(value) {
  return value === undefined || value === false || value === null ? '' : ` Default: \`${value}\`.`;
}

function exampleText(example) {
  if (typeof example === 'string') return plain(example);
  return `# ${plain(example.description)}\n${plain(example.command)}`;
}
