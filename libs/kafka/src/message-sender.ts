import { TransientError } from '@mirror/runtime';
import kafkajs, { type Message, type Producer, type RecordMetadata } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.js';
import { partitionOf } from './partition-of.js';
import { mergePositions, type Position } from './position.js';
import { atMost } from './retry.js';
import { translateKafkaError } from './translate-kafka-error.js';

/** A broker takes a record batch of 1,048,588 bytes by default, and one request may be one batch: stay below it. */
const MAX_REQUEST_BYTES = 900_000;
/** Headers' names, lengths and the record's own fields; an estimate from above. */
const RECORD_OVERHEAD_BYTES = 200;
const STOP_TIMEOUT_MS = 3_000;
const DISCONNECT_TIMEOUT_MS = 1_000;
/** About eight seconds in all: a broker that restarts is waited for longer by the caller. */
const SEND_RETRY = { retries: 8, initialRetryTime: 100, maxRetryTime: 2_000, factor: 0.2, multiplier: 2 };

const { CompressionTypes } = kafkajs;
const COMPRESSION = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD };

/** Messages of one call that go out in one request. */
interface Parcel {
  readonly topicName: string;
  readonly messages: readonly Message[];
  readonly bytes: number;
  resolve(position: Position): void;
  reject(error: unknown): void;
}

interface Connected {
  readonly producer: Promise<Producer>;
  readonly cutOff: AbortController;
}

/**
 * Sends messages with all acknowledgements through an idempotent producer, one request at a time: what waits meanwhile goes
 * out together in the next one.
 *
 * One at a time, and a fresh producer after every failure, because of how kafkajs numbers batches: after a failed request it
 * gives the same sequence numbers to whatever is sent next, and a broker that did store the first request takes the second
 * for its repetition when both have as many records. It would acknowledge messages that it never stored.
 */
export class MessageSender {
  #producer: Connected | undefined;
  #partitions = new WeakMap<Message, number>();
  readonly #waiting: Parcel[] = [];
  #inFlight: readonly Parcel[] = [];
  #sending: Promise<void> | undefined;
  #stopped = false;

  constructor(private readonly connection: KafkaConnection) {}

  /** Begins to connect, so that the first message need not wait for it. A Kafka that is away is none of its business. */
  start(): void {
    this.#producer ??= this.#connect();
    this.#producer.producer.catch(() => this.#discardProducer());
  }

  /**
   * Resolves when the broker has them all. Messages of a key stay in order. TransientError when the broker can't be reached
   * for about eight seconds (some may have been stored nevertheless), PermanentError when it refuses a message for good.
   */
  async send(topicName: string, messages: readonly Message[]): Promise<Position> {
    let position: Position = {};
    // Part by part: the next one must not arrive when this one did not.
    for (const part of partsOf(messages)) position = mergePositions(position, await this.#enqueue(topicName, part));
    return position;
  }

  /** Sends what waits, for at most three seconds, and disconnects. */
  async stop(): Promise<void> {
    if (this.#sending !== undefined) await atMost(STOP_TIMEOUT_MS, this.#sending);
    this.#stopped = true;
    for (const parcel of [...this.#inFlight, ...this.#waiting.splice(0)]) parcel.reject(stoppedError());
    await this.#discardProducer();
  }

  #enqueue(topicName: string, part: Part): Promise<Position> {
    if (this.#stopped) return Promise.reject(stoppedError());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topicName, ...part, resolve, reject });
      this.#sending ??= this.#sendWaiting();
    });
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const parcels = this.#nextParcels();
      this.#inFlight = parcels;
      try {
        const stored = await this.#request(parcels);
        for (const [index, parcel] of parcels.entries()) parcel.resolve(stored[index] ?? {});
      } catch (error) {
        void this.#discardProducer();
        for (const parcel of parcels) parcel.reject(translateKafkaError(error));
      }
    }
    // In the same tick as the look at what waits: a parcel that comes a moment later must begin anew.
    this.#sending = undefined;
  }

  /** The first one whatever its size, and those after it while they fit. */
  #nextParcels(): Parcel[] {
    let bytes = 0;
    let count = 0;
    for (const parcel of this.#waiting) {
      bytes += parcel.bytes;
      if (count > 0 && bytes > MAX_REQUEST_BYTES) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #request(parcels: readonly Parcel[]): Promise<Position[]> {
    this.#producer ??= this.#connect();
    const producer = await this.#producer.producer;
    const names = [...new Set(parcels.map((parcel) => parcel.topicName))];
    const records = await producer.sendBatch({
      acks: -1,
      compression: COMPRESSION[this.connection.options.compression],
      topicMessages: names.map((topic) => ({
        topic,
        messages: parcels.filter((parcel) => parcel.topicName === topic).flatMap((parcel) => parcel.messages),
      })),
    });
    return positionsOf(parcels, records, this.#partitions);
  }

  #connect(): Connected {
    const partitions = new WeakMap<Message, number>();
    const cutOff = new AbortController();
    const producer = this.connection.newKafka(SEND_RETRY, cutOff.signal).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message, partitionMetadata }) => {
          const { key } = message;
          // Only dead letters may have no key, and their topics have one partition.
          const partition = key === null || key === undefined ? 0 : partitionOf(key, partitionMetadata.length);
          partitions.set(message, partition);
          return partition;
        },
    });
    this.#partitions = partitions;
    return { cutOff, producer: producer.connect().then(() => producer) };
  }

  async #discardProducer(): Promise<void> {
    const current = this.#producer;
    this.#producer = undefined;
    if (current === undefined) return;
    const disconnection = current.producer.then((producer) => producer.disconnect());
    await atMost(DISCONNECT_TIMEOUT_MS, disconnection);
    current.cutOff.abort();
  }
}

interface Part {
  readonly messages: readonly Message[];
  readonly bytes: number;
}

function* partsOf(messages: readonly Message[]): Generator<Part> {
  let part: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = sizeOf(message);
    if (part.length > 0 && bytes + size > MAX_REQUEST_BYTES) {
      yield { messages: part, bytes };
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) yield { messages: part, bytes };
}

function sizeOf({ key, value, headers }: Message): number {
  let bytes = RECORD_OVERHEAD_BYTES + byteLength(key) + byteLength(value);
  for (const header of Object.values(headers ?? {}).flat()) bytes += byteLength(header);
  return bytes;
}

const byteLength = (text: Buffer | string | null | undefined): number =>
  text === null || text === undefined ? 0 : Buffer.byteLength(text);

/**
 * Where each parcel's messages ended. kafkajs leaves partitions out silently when their leader changed between two of its
 * attempts, so that a partition without an answer means that its messages were not stored.
 */
function positionsOf(
  parcels: readonly Parcel[],
  records: readonly RecordMetadata[],
  partitions: WeakMap<Message, number>,
): Position[] {
  const next = new Map<string, bigint>();
  for (const { topicName, partition, baseOffset } of records) {
    next.set(`${topicName}/${partition}`, BigInt(baseOffset ?? -1));
  }
  return parcels.map(({ topicName, messages }) => {
    const position: Record<number, string> = {};
    for (const message of messages) {
      const partition = partitions.get(message) ?? -1;
      const offset = next.get(`${topicName}/${partition}`) ?? -1n;
      if (offset < 0n) throw unconfirmedError(topicName, partition);
      next.set(`${topicName}/${partition}`, offset + 1n);
      position[partition] = String(offset + 1n);
    }
    return position;
  });
}

const stoppedError = (): TransientError =>
  new TransientError('The producer was stopped before the message was sent', { code: 'KAFKA.STOPPED' });

const unconfirmedError = (topicName: string, partition: number): TransientError =>
  new TransientError(`Kafka did not confirm the messages for partition ${partition} of ${topicName}`, {
    code: 'KAFKA.UNCONFIRMED',
    hint: 'A leader changed meanwhile: sending again is safe.',
  });
