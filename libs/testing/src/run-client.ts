import { execFile } from 'node:child_process';

/** The programs that tests call as users would, with what brings each on Debian. */
const packages = {
  aws: 'awscli',
  curl: 'curl',
  kcat: 'kcat',
  python3: 'python3 python3-pip',
  rclone: 'rclone',
  s3cmd: 's3cmd',
} as const;

export type Client = keyof typeof packages;

const maxOutputBytes = 2 ** 28;

/**
 * Runs a client with that environment, and nothing of this machine's own settings, and answers what it printed. Fails with
 * what it said where it ends with another code than 0, and with the package to install where there is none.
 */
export function runClient(client: Client, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = {
      env: { PATH: process.env.PATH, ...env },
      maxBuffer: maxOutputBytes,
      encoding: 'buffer' as const,
    };
    execFile(client, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if ('code' in error && error.code === 'ENOENT') reject(new Error(missing(client), { cause: error }));
      else reject(new Error(`${error.message}\n${stderr}`, { cause: error }));
    });
  });
}

const missing = (client: Client): string =>
  `${client} is not installed, and this test is nothing without it: apt-get install -y ${packages[client]}`;
