import { runClient } from '@mirror/testing';

/** A message as kcat, which knows nothing of this project, reads it. */
export interface KcatMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
}

interface RawMessage {
  topic: string;
  partition: number;
  offset: number;
  key: string;
  headers?: string[];
  payload: string;
}

/** All that a topic holds now, read by `kcat`. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<KcatMessage[]> {
  const args = ['-C', '-b', brokers.join(','), '-t', topic, '-o', 'beginning', '-e', '-q', '-J'];
  const messages = String(await runClient('kcat', args));
  return messages.split('\n').filter(Boolean).map(readMessage);
}

function readMessage(line: string): KcatMessage {
  const { topic, partition, offset, key, headers = [], payload }: RawMessage = JSON.parse(line);
  const named: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) named[headers[index] ?? ''] = headers[index + 1] ?? '';
  return { topic, partition, offset, key, headers: named, payload: JSON.parse(payload) };
}
