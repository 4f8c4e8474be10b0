import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const folders = ['libs', 'services', 'tools', 'tests'].flatMap((top) =>
  readdirSync(top).map((name) => `${top}/${name}`),
);
const projects = [...folders, 'deploy/local', 'bench'].filter((folder) => existsSync(`${folder}/package.json`));

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
        // Whole systems of four services each: last, and one after the other, or they starve each other of two cores.
        ...(root.startsWith('tests/') && { sequence: { groupOrder: 1 }, maxWorkers: 1 }),
      },
    })),
  },
});
