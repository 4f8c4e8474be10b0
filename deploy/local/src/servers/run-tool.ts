import { spawn } from 'node:child_process';

/** A program of the machine that an installation needs, with the command that brings it. */
export interface Tool {
  command: string;
  /** What a person types to have it, on Debian. */
  install: string;
}

export const python: Tool = { command: 'python3', install: 'apt-get install -y python3 python3-pip' };
export const maven: Tool = { command: 'mvn', install: 'apt-get install -y maven' };
export const java: Tool = { command: 'java', install: 'apt-get install -y openjdk-17-jre-headless' };
export const go: Tool = {
  command: 'go',
  install: 'apt-get install -y golang-go (1.24 or later; Debian 12: from bookworm-backports)',
};

export interface RunOptions {
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
}

/** Runs a tool to its end and answers what it wrote to stdout. Fails with the end of its output, or with how to install it. */
export function runTool(tool: Tool, args: string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool.command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      all = (all + text).slice(-4000);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all = (all + text).slice(-4000);
    });
    child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missing(tool) : error));
    const end = () => child.kill(); // a build must not outlive the one who waits for it
    process.once('exit', end);
    child.on('close', (code, signal) => {
      process.off('exit', end);
      if (code === 0) return resolve(stdout);
      reject(
        new Error(`${tool.command} ${args[0] ?? ''} ended with ${signal ?? code}:\n${all.trim()}${hint(tool, all)}`),
      );
    });
  });
}

function missing(tool: Tool): Error {
  return new Error(`${tool.command} is not on this machine. Install it: ${tool.install}`);
}

/** pip is a module of Python and not a command of its own, so that its absence shows in the output only. */
function hint(tool: Tool, output: string): string {
  return output.includes('No module named pip') ? `\nInstall it: ${tool.install}` : '';
}
