import { z } from 'zod';

/** A viewer reads; an operator also changes locations and buckets; an admin also tokens and access keys. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

export const allows = (held: Role, needed: Role): boolean => roles.indexOf(held) >= roles.indexOf(needed);
