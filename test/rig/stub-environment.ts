import { vi } from 'vitest';

/** Sets these variables of the environment until `vi.unstubAllEnvs()`. */
export function stubEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}
