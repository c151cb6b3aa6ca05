import type { Hook } from '@oclif/core/interfaces';
import { unknownCommand } from './unknown-command.js';

/** oclif's hook for words that name no command: refuses them with the nearest name. */
const commandNotFound: Hook<'command_not_found'> = function ({ id, config }) {
  throw unknownCommand(id.split(':'), config.commandIDs);
};

export default commandNotFound;
