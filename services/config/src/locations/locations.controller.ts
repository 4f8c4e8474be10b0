import { Body, Controller, HttpStatus, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { exampleLocation, exampleNewLocation } from '../http/examples.js';
import { Operation } from '../http/operation.js';
import { type Page, type PageRequest, pageOf, pageQuery, toPage } from '../http/page.js';
import {
  type ChangeLocation,
  type ConstraintAnswer,
  type CreateLocation,
  changeLocation,
  constraintAnswer,
  createLocation,
  createLocationQuery,
  type LocationAnswer,
  locationAnswer,
  locationParams,
} from './location.js';
import { LocationAnswers, locationAnswerOf } from './location-answers.js';
import { LocationChanges } from './location-changes.js';
import { locationOf, pageOfConstraints } from './location-constraints.js';
import { LocationStore } from './location-store.js';

type Named = z.infer<typeof locationParams>;

@Controller('v1')
export class LocationsController {
  constructor(
    private readonly locations: LocationStore,
    private readonly changes: LocationChanges,
    private readonly answers: LocationAnswers,
  ) {}

  @Operation('POST', 'locations', {
    id: 'createLocation',
    summary: 'Add a storage location, once every prerequisite is met; or only check them',
    role: 'operator',
    tag: 'Locations',
    status: HttpStatus.CREATED,
    alsoStatus: { status: HttpStatus.OK, when: 'dryRun: every prerequisite is met, nothing was stored' },
    answer: locationAnswer,
    problems: ['LOCATION.EXISTS', 'LOCATION.PREREQUISITES'],
    examples: { body: exampleNewLocation, answer: exampleLocation },
  })
  async create(
    @Body({ schema: createLocation }) body: CreateLocation,
    @Query({ schema: createLocationQuery }) query: z.infer<typeof createLocationQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LocationAnswer> {
    if (query.dryRun === 'false') return this.answers.one(await this.changes.create(body));
    const checked = await this.changes.check(body);
    reply.status(HttpStatus.OK);
    return locationAnswerOf(checked, checked.bucketMatch ? 'available' : 'unavailable');
  }

  @Operation('GET', 'locations', {
    id: 'listLocations',
    summary: 'List storage locations by name',
    role: 'viewer',
    tag: 'Locations',
    answer: pageOf(locationAnswer),
    examples: { answer: { items: [exampleLocation], next: null } },
  })
  async list(@Query({ schema: pageQuery }) query: PageRequest): Promise<Page<LocationAnswer>> {
    const { items, next } = toPage(await this.locations.page(query), query.limit, ({ _id }) => _id);
    return { items: await this.answers.all(items), next };
  }

  @Operation('GET', 'locations/:name', {
    id: 'getLocation',
    summary: 'Read a storage location',
    role: 'viewer',
    tag: 'Locations',
    answer: locationAnswer,
    problems: ['LOCATION.NOT_FOUND'],
    examples: { answer: exampleLocation },
  })
  async get(@Param({ schema: locationParams }) { name }: Named): Promise<LocationAnswer> {
    return this.answers.one(await this.locations.find(name));
  }

  @Operation('PATCH', 'locations/:name', {
    id: 'changeLocation',
    summary: 'Change credentials, endpoint, target bucket or region, once every prerequisite is met',
    role: 'operator',
    tag: 'Locations',
    answer: locationAnswer,
    problems: [
      'LOCATION.NOT_FOUND',
      'LOCATION.IN_USE',
      'LOCATION.CHANGED',
      'LOCATION.PREREQUISITES',
      'BUCKET.TARGET_MIRRORED',
    ],
    examples: { body: { details: { accessKey: 'ANOTHER0USER0', secretKey: 'its-secret' } }, answer: exampleLocation },
  })
  async change(
    @Param({ schema: locationParams }) { name }: Named,
    @Body({ schema: changeLocation }) body: ChangeLocation,
  ): Promise<LocationAnswer> {
    return this.answers.one(await this.changes.change(name, body));
  }

  @Operation('DELETE', 'locations/:name', {
    id: 'deleteLocation',
    summary: 'Forget a storage location that no bucket mirrors',
    role: 'operator',
    tag: 'Locations',
    status: HttpStatus.NO_CONTENT,
    problems: ['LOCATION.NOT_FOUND', 'LOCATION.IN_USE'],
  })
  async delete(@Param({ schema: locationParams }) { name }: Named): Promise<void> {
    await this.changes.delete(name);
  }

  @Operation('POST', 'locations/:name/check', {
    id: 'checkLocation',
    summary: 'Run the prerequisites again; the answer has what was found, well or not',
    role: 'operator',
    tag: 'Locations',
    answer: locationAnswer,
    problems: ['LOCATION.NOT_FOUND', 'LOCATION.CHANGED'],
    examples: { answer: exampleLocation },
  })
  async check(@Param({ schema: locationParams }) { name }: Named): Promise<LocationAnswer> {
    return this.answers.one(await this.changes.recheck(name));
  }

  @Operation('GET', 'location-constraints', {
    id: 'listLocationConstraints',
    summary: 'List what a new bucket may choose',
    role: 'viewer',
    tag: 'Locations',
    answer: pageOf(constraintAnswer),
    examples: { answer: { items: [{ value: 'ring-paris:ingest', label: 'ring-paris (Mirror mode)' }], next: null } },
  })
  async constraints(@Query({ schema: pageQuery }) query: PageRequest): Promise<Page<ConstraintAnswer>> {
    const from = query.after === undefined ? '' : locationOf(query.after);
    return pageOfConstraints(await this.locations.pageFrom(from, query.limit + 1), query);
  }
}
