import { setTimeout as sleep } from 'node:timers/promises';
import { GenericContainer, type StartedTestContainer } from 'testcontainers';

export interface ContainerOptions {
  readonly image: string;
  readonly command: string[];
  readonly environment?: Record<string, string>;
  /** Content by path in the container. */
  readonly files?: Record<string, string>;
  readonly labels: Record<string, string>;
  /** Settles true when the server does its work. */
  isReady(): Promise<boolean>;
}

const readyWithinMs = 60_000;
const waitBetweenLooksMs = 100;

/** Starts a container that listens on this machine's loopback. Fails with the end of its log when it does not get ready. */
export async function startContainer(options: ContainerOptions): Promise<StartedTestContainer> {
  const { image, command, environment = {}, files = {}, labels } = options;
  const contents = Object.entries(files).map(([target, content]) => ({ target, content }));
  const container = await new GenericContainer(image)
    .withNetworkMode('host')
    .withCommand(command)
    .withEnvironment(environment)
    .withCopyContentToContainer(contents)
    .withLabels(labels)
    .start();
  try {
    await waitUntilReady(options, container);
    return container;
  } catch (error) {
    await container.stop();
    throw error;
  }
}

async function waitUntilReady({ image, isReady }: ContainerOptions, container: StartedTestContainer): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (!(await isReady().catch(() => false))) {
    if (Date.now() > deadline) {
      throw new Error(`${image} was not ready in ${readyWithinMs} ms:\n${await tailOf(container)}`);
    }
    await sleep(waitBetweenLooksMs);
  }
}

/** What its log ends with. A log that is followed has no end: a second is enough for what is there. */
async function tailOf(container: StartedTestContainer): Promise<string> {
  let lines = '';
  const log = await container.logs({ tail: 25 });
  log.on('data', (chunk) => {
    lines += String(chunk);
  });
  await sleep(1_000);
  log.destroy();
  return lines;
}
