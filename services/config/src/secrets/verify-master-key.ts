import { FatalError } from '@mirror/runtime';
import type { ConfigDatabase } from '../database/config-database.js';
import { duplicateKey } from '../database/database-errors.js';
import type { MasterKey, Sealed } from './master-key.js';

interface MasterKeyRecord {
  readonly _id: 'current';
  /** A known text: whoever opens it has the right key. */
  readonly proof: Sealed;
}

const PLACE = 'masterKey/current/proof';

/**
 * The first start leaves a proof of its master key, and every later one must open it: better refused at boot than at the
 * first mirror that needs its secret. FatalError CONFIG.WRONG_MASTER_KEY.
 */
export async function verifyMasterKey(database: ConfigDatabase, masterKey: MasterKey): Promise<void> {
  const keys = database.collection<MasterKeyRecord>('masterKey');
  await keys.insertOne({ _id: 'current', proof: masterKey.seal('zenko-mirror', PLACE) }).catch((error: unknown) => {
    if (!duplicateKey(error)) throw error;
  });
  const record = await keys.findOne({ _id: 'current' });
  try {
    if (record) masterKey.open(record.proof, PLACE);
  } catch (cause) {
    throw new FatalError('MASTER_KEY is not the key that the stored secrets were encrypted with', {
      code: 'CONFIG.WRONG_MASTER_KEY',
      hint: `Start with the key of id ${record?.proof.keyId}, or with another database.`,
      cause,
    });
  }
}
