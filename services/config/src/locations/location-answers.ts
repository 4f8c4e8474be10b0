import { LOCATION_TYPE } from '@mirror/events';
import { Injectable } from '@nestjs/common';
import { type BucketRecord, BucketStore } from '../buckets/bucket-store.js';
import { conditionOf, type PollerStatus, type Told, type Uploads } from '../buckets/mirror-status.js';
import { StatusSources } from '../buckets/status-sources.js';
import type { LocationAnswer, Mirroring } from './location.js';
import type { CheckedLocation } from './location-changes.js';
import type { LocationRecord } from './location-store.js';

const ASKED_AT_ONCE = 8;

/** Answers about locations: what is stored, without the secret, and how each one's mirror is. */
@Injectable()
export class LocationAnswers {
  constructor(
    private readonly buckets: BucketStore,
    private readonly sources: StatusSources,
  ) {}

  async one(location: LocationRecord): Promise<LocationAnswer> {
    const [answer] = await this.all([location]);
    return answer ?? locationAnswerOf(location, 'available');
  }

  /** In the same order. */
  async all(locations: readonly LocationRecord[]): Promise<LocationAnswer[]> {
    const names = locations.flatMap(({ mirroredBy }) => mirroredBy ?? []);
    const buckets = new Map((await this.buckets.named(names)).map((bucket) => [bucket._id, bucket]));
    const answers: LocationAnswer[] = [];
    for (let begin = 0; begin < locations.length; begin += ASKED_AT_ONCE) {
      const some = locations.slice(begin, begin + ASKED_AT_ONCE);
      const asked = some.map((location) => this.#answer(location, buckets.get(location.mirroredBy ?? '')));
      answers.push(...(await Promise.all(asked)));
    }
    return answers;
  }

  async #answer(location: LocationRecord, bucket: BucketRecord | undefined): Promise<LocationAnswer> {
    // Nobody is asked for what a stored fact decides already.
    if (!bucket || bucket.paused) return locationAnswerOf(location, mirroringOf(location, bucket));
    const { mirrorId } = bucket;
    const [poller, uploads] = await Promise.all([this.sources.poller(mirrorId), this.sources.uploads(mirrorId)]);
    return locationAnswerOf(location, mirroringOf(location, bucket, poller, uploads));
  }
}

export function locationAnswerOf(location: CheckedLocation, mirroring: Mirroring): LocationAnswer {
  const { _id: name, endpoint, bucketName, accessKey, bucketMatch, region, checks, checkedAt } = location;
  return {
    name,
    locationType: LOCATION_TYPE,
    details: { endpoint, bucketName, accessKey, bucketMatch, region },
    mirroring,
    checks: [...checks],
    checkedAt: checkedAt.toISOString(),
  };
}

/** The indicator beside a location, which says of a mirror what its status says. */
export function mirroringOf(
  location: Pick<LocationRecord, 'bucketMatch'>,
  bucket: Pick<BucketRecord, 'paused'> | undefined,
  poller: Told<PollerStatus> = { kind: 'unknown' },
  uploads: Told<Uploads> = { kind: 'unknown' },
): Mirroring {
  if (!location.bucketMatch) return 'unavailable';
  if (!bucket) return 'available';
  const condition = conditionOf(bucket, poller, uploads);
  switch (condition) {
    case 'paused':
    case 'suspect':
    case 'failing':
      return condition;
    case 'snapshot':
    case 'live':
      return 'active';
  }
}
