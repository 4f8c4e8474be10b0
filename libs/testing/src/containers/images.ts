import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installKafka, installMinio, installMongodb, type Report } from '@mirror/local';
import { GenericContainer, getContainerRuntimeClient, ImageName } from 'testcontainers';

const recipes = fileURLToPath(new URL('../../../../deploy/images/', import.meta.url));

export type ServerName = 'mongodb' | 'kafka' | 'connector';

/** What each image gets beside its recipe: the file or folder that the local stack has installed. */
const installs: Record<ServerName, (report: Report) => Promise<string>> = {
  mongodb: installMongodb,
  kafka: async (report) => dirname(await installKafka(report)), // it answers a class path, libs/*
  connector: installMinio,
};

/**
 * The name of a server's image, built when there is none yet. Its tag is made of its recipe and of what is installed, so
 * that a change of either makes another image.
 */
export async function imageOf(server: ServerName, report: Report): Promise<string> {
  const installed = await installs[server](report);
  const image = `mirror-test/${server}:${await tagOf(server, installed)}`;
  const client = await getContainerRuntimeClient();
  if (await client.image.exists(ImageName.fromString(image))) return image;
  report(`Image ${image}: building`);
  const context = await mkdtemp(join(tmpdir(), 'mirror-image-'));
  try {
    await cp(join(recipes, server), context, { recursive: true });
    await cp(installed, join(context, basename(installed)), { recursive: true });
    await GenericContainer.fromDockerfile(context).build(image, { deleteOnExit: false });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  report(`Image ${image}: built`);
  return image;
}

async function tagOf(server: ServerName, installed: string): Promise<string> {
  const hash = createHash('sha256').update(basename(dirname(installed))); // a folder named by version and hash
  for (const file of (await readdir(join(recipes, server))).sort()) {
    hash.update(`\n${file}\n`).update(await readFile(join(recipes, server, file)));
  }
  return hash.digest('hex').slice(0, 12);
}
