import type { CloudEvent, Topic } from '@mirror/events';
import { Outbox, OutboxRelay } from '@mirror/outbox';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongodb';
import { ConfigDatabase } from './config-database.js';

/** What a change of an entity is made with: its writes go by `session`, its events by `publish`. Both happen, or none. */
export interface Transaction {
  readonly session: ClientSession;
  publish(topic: Topic, event: CloudEvent): Promise<void>;
}

/** Entity and outbox in one transaction, so that no change goes unsaid and nothing is said that did not happen. */
@Injectable()
export class Transactions {
  constructor(
    private readonly database: ConfigDatabase,
    private readonly outbox: Outbox,
    private readonly relay: OutboxRelay,
  ) {}

  /** The work may run more than once (a conflict with another writer): it has no effects but through the transaction. */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const result = await this.database.client.withSession((session) => {
      const transaction: Transaction = {
        session,
        publish: (topic, event) => this.outbox.add(session, topic, event),
      };
      return session.withTransaction(() => work(transaction), {
        readConcern: { level: 'snapshot' },
        writeConcern: { w: 'majority' },
      });
    });
    this.relay.nudge(); // after the commit: the relay sees committed rows only
    return result;
  }
}
