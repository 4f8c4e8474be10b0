import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const folders = ['libs', 'services', 'tools', 'tests'].flatMap((top) =>
  readdirSync(top).map((name) => `${top}/${name}`),
);
const projects = [...folders, 'deploy/local', 'bench'].filter((folder) => existsSync(`${folder}/package.json`));

/** Files wait for servers most of the time. Two at once, on two cores too; whole systems of five services not more than two. */
const filesAtOnce = Math.max(2, availableParallelism() - 1);
const systemsAtOnce = 2;

/** One run over every package, so that the closing line is one line. `--project NAME` picks one. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@mirror/source', 'node', 'import', 'default'] } },
  test: {
    globalSetup: ['./libs/testing/src/global-setup.ts'],
    reporters: ['default', './tools/closing-line-reporter.ts'],
    projects: projects.map((root) => ({
      // Libraries resolve from source, and decorators carry the types Nest injects by.
      resolve: { conditions: ['@mirror/source', 'node', 'import', 'default'] },
      ssr: { resolve: { conditions: ['@mirror/source', 'node', 'import', 'default'] } },
      oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
      test: {
        name: root.split('/').at(-1) ?? root,
        root,
        include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
        testTimeout: 60_000,
        hookTimeout: 120_000,
        // Whole systems come last, in a group of their own.
        ...(root.startsWith('tests/')
          ? { sequence: { groupOrder: 1 }, maxWorkers: systemsAtOnce }
          : { sequence: { groupOrder: 0 }, maxWorkers: filesAtOnce }),
      },
    })),
  },
});
