import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventDocuments } from './event-documents.js';

/** `npm run docs:events`: writes `docs/events` anew, so that nothing stays of an event that is gone. */
const folder = new URL('../../../docs/events/', import.meta.url);

await rm(new URL('schemas/', folder), { recursive: true, force: true });
for (const [path, text] of eventDocuments()) {
  const file = fileURLToPath(new URL(path, folder));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
