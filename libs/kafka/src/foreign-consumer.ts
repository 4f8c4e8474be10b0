import type { EachBatchPayload } from 'kafkajs';
import { ConsumerLoop } from './consumer-loop.js';
import type { KafkaConnection } from './kafka-connection.js';

export interface ForeignConsumerOptions {
  readonly connection: KafkaConnection;
  /** As it is called at the broker: no prefix is put before it. */
  readonly topicName: string;
  /** Names the group. */
  readonly service: string;
  /** Gets the values of a batch; what it throws is logged, and the batch is passed over. */
  readonly take: (values: readonly Buffer[]) => Promise<void>;
}

/** An idle broker keeps a request for so long; messages are answered at once. */
const MAX_WAIT_TIME_MS = 250;

/**
 * Consumes a topic of somebody else's, whose messages are no events of ours and may be lost: from its end on, each batch
 * once, nothing dead-lettered. Where the topic is missing it is created, and where that is refused, waited for.
 */
export class ForeignConsumer {
  readonly #loop: ConsumerLoop;

  constructor(private readonly options: ForeignConsumerOptions) {
    const { connection, topicName, service } = options;
    this.#loop = new ConsumerLoop({
      connection,
      topicNames: [topicName],
      fromBeginning: false,
      groupId: () => connection.groupName(service),
      consumer: { maxWaitTimeInMs: MAX_WAIT_TIME_MS },
      run: { eachBatchAutoResolve: true, eachBatch: (payload) => this.#handle(payload) },
    });
  }

  /** Resolves when it has joined its group, which is not before the topic exists. */
  async start(): Promise<void> {
    const { connection, topicName } = this.options;
    await connection.ensureForeignTopic(topicName).catch((error: unknown) => {
      connection.logger.warn({ err: error, topicName }, 'a foreign topic could not be ensured');
    });
    await this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Never throws: kafkajs would give the batch again at once and for ever. */
  async #handle({ batch }: EachBatchPayload): Promise<void> {
    const { connection, topicName, take } = this.options;
    try {
      await take(batch.messages.flatMap(({ value }) => value ?? []));
    } catch (error) {
      connection.logger.warn({ err: error, topicName, partition: batch.partition }, 'a foreign batch was passed over');
    }
  }
}
