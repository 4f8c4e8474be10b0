import type { Namespace, VersionDocument } from '@mirror/namespace';
import type { ConnectorAccess } from './connector/connector-access.js';

/** Versions asked for at most. */
const SAMPLE_VERSIONS = 1_000;

/**
 * Does another endpoint hold the same versions? A sample of the mirror is asked for by HEAD; half of it is enough, and an empty
 * mirror proves itself. Until then its listings remove nothing: a location that points to the wrong place by mistake must
 * not empty the mirror.
 */
export async function provesTarget(
  namespace: Namespace,
  mirrorId: string,
  connector: ConnectorAccess,
): Promise<boolean> {
  const sample = await namespace
    .versions(mirrorId)
    .aggregate<Pick<VersionDocument, '_id'>>([
      { $match: { live: true } },
      { $sample: { size: SAMPLE_VERSIONS } },
      { $project: { _id: 1 } },
    ])
    .toArray();
  const enough = Math.ceil(sample.length / 2);
  let found = 0;
  let gone = 0;
  for (const { _id } of sample) {
    if (found >= enough || gone > sample.length - enough) break;
    if (await connector.isGone(_id.k, _id.v)) gone += 1;
    else found += 1;
  }
  return found >= enough;
}
