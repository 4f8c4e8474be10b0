import type { LocationState } from '@mirror/events';
import { waitFor } from '@mirror/testing';
import { afterEach, expect, it } from 'vitest';
import { EventProducer, type KafkaConnection, StateTable } from '../src/index.js';
import { freshConnection, locations, locationUpdated } from './sample-events.js';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

function open<T extends { stop(): Promise<void> }>(one: T): T {
  opened.push(one);
  return one;
}

const newTable = (connection: KafkaConnection) =>
  open(
    new StateTable<LocationState>({
      connection,
      topic: locations,
      key: ({ name }) => name,
    }),
  );

it('has read everything when start resolves, and follows', async () => {
  const connection = open(freshConnection());
  const producer = open(new EventProducer(connection));
  await connection.ensureTopics([locations]);
  const many = Array.from({ length: 3000 }, (_, index) =>
    locationUpdated(`location-${index % 100}`, String(index + 1)),
  );
  await producer.send(locations, many);
  const table = newTable(connection);
  await table.start();
  expect([...table.entries()]).toHaveLength(100);
  expect(table.get('location-99')).toEqual({ type: 'LocationUpdated', state: many.at(-1)?.data });
  const changes: string[] = [];
  table.onChange(({ state }) => changes.push(`${state.name} ${state.revision}`));
  await producer.send(locations, [locationUpdated('new', '5000')]);
  await waitFor(() => table.get('new'), { what: 'the new state' });
  expect(changes).toEqual(['new 5000']);
});

it('ignores a revision that is lower than, or the same as, the one it has', async () => {
  const connection = open(freshConnection());
  const producer = open(new EventProducer(connection));
  const table = newTable(connection);
  await table.start();
  const changes: string[] = [];
  const unsubscribe = table.onChange(({ state }) => changes.push(`${state.revision} ${state.details.region}`));
  await producer.send(locations, [
    locationUpdated('paris', '100', 'first'),
    locationUpdated('paris', '99', 'older'),
    locationUpdated('paris', '100', 'replayed'),
    locationUpdated('paris', '1000', 'newer, and shorter as text'),
    locationUpdated('last', '1'),
  ]);
  await waitFor(() => table.get('last'), { what: 'the last state' });
  expect(changes).toEqual(['100 first', '1000 newer, and shorter as text', '1 us-east-1']);
  unsubscribe();
  await producer.send(locations, [locationUpdated('paris', '2000'), locationUpdated('last', '2')]);
  await waitFor(() => table.get('last')?.state.revision === '2', { what: 'the last state' });
  expect(changes).toHaveLength(3);
});

it('leaves no consumer group behind', async () => {
  const connection = open(freshConnection());
  const table = newTable(connection);
  await table.start();
  const groups = () =>
    connection.withAdmin(async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId));
  const own = connection.groupName('state.');
  const ownGroups = async () => (await groups()).filter((group) => group.startsWith(own));
  await waitFor(async () => (await ownGroups()).length === 1, { what: 'the group of the table' });
  await table.stop();
  expect(await ownGroups()).toEqual([]);
});
