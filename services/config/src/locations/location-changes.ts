import { isDeepStrictEqual } from 'node:util';
import { type EndpointBehaviour, joinBehaviours } from '@mirror/connector';
import { Injectable } from '@nestjs/common';
import { BucketStore } from '../buckets/bucket-store.js';
import { Transactions } from '../database/transactions.js';
import { MasterKey } from '../secrets/master-key.js';
import { EndpointProbe, type Target } from './endpoint-probe.js';
import type { ChangeLocation, CreateLocation } from './location.js';
import { exists, inUse, type LocationRecord, LocationStore } from './location-store.js';

/** A location that was checked, and is not (or not yet) stored. */
export type CheckedLocation = Omit<LocationRecord, 'revision' | 'mirroredBy'>;

/** Where a location's secret key is sealed to. */
export const secretKeyOf = (name: string): string => `locations/${name}/secretKey`;

/** What operators do with locations. Nothing is stored unless every prerequisite is met. */
@Injectable()
export class LocationChanges {
  constructor(
    private readonly probe: EndpointProbe,
    private readonly masterKey: MasterKey,
    private readonly transactions: Transactions,
    private readonly locations: LocationStore,
    private readonly buckets: BucketStore,
  ) {}

  /** All of a creation but its storing. Refusal LOCATION.EXISTS or LOCATION.PREREQUISITES. */
  async check({ name, details }: CreateLocation): Promise<CheckedLocation> {
    if (await this.locations.exists(name)) throw exists(name); // before the probe, which may take its time
    const { bucketMatch, ...target } = details;
    const found = await this.probe.require(target);
    return { _id: name, ...target, bucketMatch, secretKey: this.#seal(name, target.secretKey), ...found };
  }

  async create(request: CreateLocation): Promise<LocationRecord> {
    const location = await this.check(request);
    return this.transactions.run((transaction) => this.locations.insert(transaction, location));
  }

  async change(name: string, { details }: ChangeLocation): Promise<LocationRecord> {
    const before = await this.locations.find(name);
    const unusedFor = onlyUnused(before, details);
    if (unusedFor !== null && before.mirroredBy !== null) throw inUse(before, unusedFor);
    const target = merged(this.#target(before), details);
    const found = await this.probe.require(target);
    const { bucketName, accessKey, region } = target;
    const bucketMatch = details.bucketMatch ?? before.bucketMatch;
    const secretKey = details.secretKey === undefined ? before.secretKey : this.#seal(name, details.secretKey);
    const isSame = found.endpoint === before.endpoint && bucketName === before.bucketName;
    const behaviour = isSame ? learned(before.behaviour, found.behaviour) : found.behaviour;
    const changes = { bucketName, accessKey, region, bucketMatch, secretKey, ...found, behaviour };
    return this.transactions.run(async (transaction) => {
      const changed = await this.locations.change(transaction, before, changes, unusedFor);
      if (changed.mirroredBy !== null && changed.endpoint !== before.endpoint) {
        await this.buckets.moveEndpoint(transaction, changed.mirroredBy, changed.endpoint);
      }
      return changed;
    });
  }

  /** Runs the prerequisites again. What they find is kept and answered, also when it is bad: that is no error of the call. */
  async recheck(name: string): Promise<LocationRecord> {
    const location = await this.locations.find(name);
    const { checks, checkedAt, behaviour: found } = await this.probe.run(this.#target(location));
    const behaviour = learned(location.behaviour, found);
    if (isDeepStrictEqual(behaviour, location.behaviour)) return this.locations.keepChecks(location, checks, checkedAt);
    return this.transactions.run((transaction) =>
      this.locations.change(transaction, location, { checks, checkedAt, behaviour }, null),
    );
  }

  async delete(name: string): Promise<void> {
    await this.transactions.run((transaction) => this.locations.delete(transaction, name));
  }

  /** What the services that speak to the connector need. */
  async credentials(name: string): Promise<Target & { readonly revision: LocationRecord['revision'] }> {
    const location = await this.locations.find(name);
    return { ...this.#target(location), revision: location.revision };
  }

  #target({ _id: name, endpoint, bucketName, region, accessKey, secretKey }: LocationRecord): Target {
    return { endpoint, bucketName, region, accessKey, secretKey: this.masterKey.open(secretKey, secretKeyOf(name)) };
  }

  #seal(name: string, secretKey: string): LocationRecord['secretKey'] {
    return this.masterKey.seal(secretKey, secretKeyOf(name));
  }
}

/** What of this change a bucket on the location rules out, in words; null: nothing. */
function onlyUnused(before: LocationRecord, { bucketName, bucketMatch }: ChangeLocation['details']): string | null {
  if (bucketName !== undefined && bucketName !== before.bucketName) return 'given another details.bucketName';
  if (bucketMatch === false && before.bucketMatch) return 'given details.bucketMatch false';
  return null;
}

/** A probe that failed, or that the bucket has too little for, takes nothing away from what was known. */
function learned(before: EndpointBehaviour | null, found: EndpointBehaviour | null): EndpointBehaviour | null {
  return before && found ? joinBehaviours(before, found) : (found ?? before);
}

const merged = (target: Target, details: ChangeLocation['details']): Target => ({
  endpoint: details.endpoint ?? target.endpoint,
  bucketName: details.bucketName ?? target.bucketName,
  region: details.region ?? target.region,
  accessKey: details.accessKey ?? target.accessKey,
  secretKey: details.secretKey ?? target.secretKey,
});
