import { createHash } from 'node:crypto';
import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnce, type Report } from './install-cache.js';
import { java, maven, runTool } from './run-tool.js';
import { parseSums, verifyFolder } from './sha256.js';

const version = '4.4.0';
// pom.xml says what Kafka is made of, jars.sha256 what each file must be. After a change of the first, write the second
// anew: `mvn dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libs`, `cd libs && sha256sum *.jar`.
const recipe = fileURLToPath(new URL('../../kafka/', import.meta.url));

/** The class path of Kafka's jars, installed when they are not yet there. */
export async function installKafka(report: Report): Promise<string> {
  await runTool(java, ['-version']);
  const lock = await readFile(join(recipe, 'jars.sha256'), 'utf8');
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 8);
  const folder = await installOnce(`kafka-${version}-${digest}`, report, async (target) => {
    report(`Kafka ${version}: downloading, 46 MB`);
    await copyFile(join(recipe, 'pom.xml'), join(target, 'pom.xml'));
    const libs = join(target, 'libs');
    const flags = ['-B', '-q', '-DincludeScope=runtime', `-DoutputDirectory=${libs}`];
    await runTool(maven, ['dependency:copy-dependencies', ...flags], { cwd: target });
    await verifyFolder(libs, parseSums(lock));
    await rm(join(target, 'pom.xml'));
    report(`Kafka ${version}: installed`);
  });
  return join(folder, 'libs', '*');
}
