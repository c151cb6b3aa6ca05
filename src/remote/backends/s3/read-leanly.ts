import type { GetObjectCommand } from '@aws-sdk/client-s3';
import type { GetOptions } from '../remote.js';
import { leanRead, type SignedRequest, type Trust } from './lean-read.js';
import { SILENCE_TIMEOUT_MS } from './s3-client.js';

/** Lets a signed request go over a connection of its own; what is not simply answered there is asked for in the usual way. */
export function readLeanly(
  command: GetObjectCommand,
  { trust, ...options }: GetOptions & { trust: Trust },
): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as SignedRequest;
      const lean = await leanRead(request, { silenceMs: SILENCE_TIMEOUT_MS, trust, ...options });
      return lean === undefined ? next(args) : { response: lean, output: undefined as never };
    },
    { step: 'deserialize', name: 'readLeanly', priority: 'low' },
  );
}
