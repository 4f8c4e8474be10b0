import { port, sharedEnv } from '@mirror/runtime';
import { z } from 'zod';

export const metadataEnv = z.object({
  ...sharedEnv,
  PORT: port(4300).describe('Port of the internal API, health and metrics'),
});
export type MetadataEnv = z.infer<typeof metadataEnv>;
