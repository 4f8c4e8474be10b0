export type { Apply } from './apply-batch.js';
export type { BatchContext } from './batch-lease.js';
export { type ConsumerOptions, EventConsumer } from './event-consumer.js';
export { EventProducer } from './event-producer.js';
export { KafkaConnection, type KafkaOptions } from './kafka-connection.js';
export type { PartitionLag } from './lag.js';
export { mergePositions, type Position } from './position.js';
export type { EventBatch, ReceivedEvent, Rejected } from './read-batch.js';
export { type StateEntry, StateTable, type StateTableOptions } from './state-table.js';
