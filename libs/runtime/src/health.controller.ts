import { Controller, Get, Inject, Res } from '@nestjs/common';

/** One of a service's own dependencies (its database, its broker): never a connector. Rejects when it is not usable. */
export interface ReadinessCheck {
  readonly name: string;
  check(): Promise<void>;
}

export const READINESS_CHECKS = Symbol('READINESS_CHECKS');

interface Reply {
  status(code: number): unknown;
}

@Controller()
export class HealthController {
  constructor(@Inject(READINESS_CHECKS) private readonly checks: readonly ReadinessCheck[]) {}

  /** The process answers. */
  @Get('livez')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** 503 with the names of what is missing; the details are in the log, not in the answer. */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: Reply): Promise<{ status: string; checks: Record<string, string> }> {
    const results = await Promise.all(this.checks.map(async (check) => [check.name, await outcome(check)] as const));
    const ok = results.every(([, result]) => result === 'ok');
    reply.status(ok ? 200 : 503);
    return { status: ok ? 'ok' : 'unavailable', checks: Object.fromEntries(results) };
  }
}

const CHECK_TIMEOUT_MS = 3_000;

async function outcome(check: ReadinessCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('timed out'), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([check.check().then(() => 'ok'), late]);
  } catch {
    return 'unavailable';
  } finally {
    clearTimeout(timer);
  }
}
