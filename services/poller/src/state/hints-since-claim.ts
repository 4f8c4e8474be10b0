import type { Document } from 'mongodb';

const since = { $gte: ['$$hint.at', '$claimedAt'] };
const LATER_KEYS = {
  $cond: [
    { $isArray: '$hintedKeys' },
    { $filter: { input: '$hintedKeys', as: 'hint', cond: since } },
    { $ifNull: ['$hintedKeys', null] },
  ],
};
const IS_HINTED_SINCE = { $and: [{ $ne: [{ $type: '$hintedAt' }, 'missing'] }, { $gte: ['$hintedAt', '$claimedAt'] }] };

/** Part of the update that ends a visit: what was hinted before its claim has been followed, what came later stays. */
export const HINTS_SINCE_CLAIM: Document = {
  hintedAt: { $cond: [IS_HINTED_SINCE, '$hintedAt', null] },
  hintedKeys: { $cond: [IS_HINTED_SINCE, LATER_KEYS, []] },
};
