import { group, tag } from './xml.js';

/** Accounts are not mirrored: everything belongs to one owner. */
export const OWNER_ID = '7a656e6b6f2d6d6972726f72000000000000000000000000000000000000000f';
const OWNER_NAME = 'zenko-mirror';

export const ownerElement = (): string => group('Owner', tag('ID', OWNER_ID), tag('DisplayName', OWNER_NAME));
